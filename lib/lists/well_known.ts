/**
 * Well-known senders: providers whose mailers always retry, so that greylisting only delays them.
 * Data only; a release can renew this file alone.
 *
 * A pattern stands here only if the provider alone runs every host that can match it: no customer,
 * no access line and no employee's workstation can get a forward-confirmed name under it. Where a
 * provider also hosts customers, the pattern names the mailers (`smtp*-g21.free.fr`, not `free.fr`).
 * Services that ended are left out.
 *
 * Not listed, since other entries cover them:
 * - Amazon, Slack, Stripe: their notices leave through Amazon SES and other bulk senders.
 * - AOL leaves from Yahoo's mailers, Google Groups from Google's.
 *
 * SPF records that are not listed:
 * - Salesforce, SparkPost, Cisco, Proofpoint: they publish macros, whose answer depends on the client.
 *   Records that Proofpoint hosts for customers hold those customers' own addresses.
 * - Yahoo, OVHcloud: they publish `ptr:`, which is the host name once more.
 * - Infomaniak, Mail.ru, QQ, Yandex: their networks also serve other purposes.
 * - eBay, GitHub, LinkedIn, PayPal: their records name other companies' hosts, or were not seen.
 * - IONOS in the USA, Broadcom: the records were not seen.
 *
 * @module
 */
import type { WellKnownTable } from "./well_known_sender.ts";

const DEBIAN = "Received fields, debian.org lists";
const FREEDESKTOP = "Received fields, freedesktop.org lists";
const GNU = "Received fields, gnu.org lists";
const GROUPS_IO = "Received fields, groups.io lists";
const SOURCEFORGE = "Received fields, sourceforge.net lists";
const SOURCEWARE = "Received fields, sourceware.org lists";
const VGER = "Received fields, vger.kernel.org lists";
const XEN = "Received fields, xenproject.org lists";
const LIST_COPIES = "Received fields of subscribers, vger.kernel.org lists";
const GOOGLE = "https://support.google.com/a/answer/60764";
const MIMECAST = "https://mimecastsupport.zendesk.com/hc/en-us/articles/34000792642963";
const TREND_MICRO =
  "https://docs.trendmicro.com/ja-jp/documentation/article/trend-vision-one-adding-spf-records";
const REPOSITORIES = "Received fields quoted in public repositories";

export const WELL_KNOWN: WellKnownTable = {
  checked: "2026-11-26",

  hosts: {
    mailbox: [
      // Gmail, Workspace and Groups. Google's proxies for users have other names in google.com.
      ["Google", "mail-*.google.com", "mail-yw1-f174.google.com", VGER, 2026],
      [
        "Google",
        "unverified-forwarding.1e100.net",
        "x08-02.v6.unverified-forwarding.1e100.net",
        GOOGLE,
        2026,
      ],
      // Microsoft 365, Outlook.com and Hotmail. Azure's customers have names in other domains.
      [
        "Microsoft",
        "outbound.protection.outlook.com",
        "mail-dm6nam11on2055.outbound.protection.outlook.com",
        VGER,
        2026,
      ],
      // Yahoo and AOL.
      ["Yahoo", "consmr.mail.bf2.yahoo.com", "sonic304-16.consmr.mail.bf2.yahoo.com", VGER, 2019],
      ["Yahoo", "consmr.mail.gq1.yahoo.com", "sonic309-21.consmr.mail.gq1.yahoo.com", VGER, 2023],
      ["Yahoo", "consmr.mail.ir2.yahoo.com", "sonic305-21.consmr.mail.ir2.yahoo.com", VGER, 2024],
      ["Yahoo", "consmr.mail.ne1.yahoo.com", "sonic314-27.consmr.mail.ne1.yahoo.com", VGER, 2023],
      ["Yahoo", "consmr.mail.sg3.yahoo.com", "sonic312-21.consmr.mail.sg3.yahoo.com", VGER, 2024],
      // They greet as outbound.*.icloud.com; the newer ones are named in eps.apple.com.
      [
        "Apple",
        "*-snip*.eps.apple.com",
        "p-west1-cluster5-host7-snip4-3.eps.apple.com",
        VGER,
        2025,
      ],
      ["Apple", "*p00im-*.me.com", "pv50p00im-ztdg10011201.me.com", VGER, 2024],
      ["GMX", "mout*.gmx.com", "mout.gmx.com", VGER, 2024],
      ["GMX", "mout*.gmx.net", "mout-xforward.gmx.net", VGER, 2024],
      ["mail.com", "mout*.mail.com", "mout.mail.com", VGER, 2025],
      ["web.de", "mout*.web.de", "mout.web.de", FREEDESKTOP, 2026],
      // kundenserver.de also names web servers that run customers' programs.
      ["IONOS", "mout*.kundenserver.de", "mout.kundenserver.de", VGER, 2024],
      ["IONOS", "mout*.perfora.net", "mout.perfora.net", VGER, 2024],
      // Orange and Wanadoo. Access lines are named in abo.wanadoo.fr.
      ["Orange", "smtpout.orange.fr", "smtp-81.smtpout.orange.fr", VGER, 2024],
      // Subscribers choose names in hd.free.fr for their own lines.
      ["Free", "smtp*-g21.free.fr", "smtp2-g21.free.fr", VGER, 2024],
      // Shared mail only. Customers' servers are named elsewhere in ovh.net.
      [
        "OVHcloud",
        "mail-out.ovh.net",
        "6.mo582.mail-out.ovh.net",
        "SPF record of mx.ovh.com",
        2026,
      ],
      ["Infomaniak", "smtp-*.mail.infomaniak.ch", "smtp-190a.mail.infomaniak.ch", VGER, 2024],
      ["Proton", "mail-*.mail-europe.com", "mail-08.mail-europe.com", VGER, 2026],
      ["Proton", "mail-*.protonmail.ch", "mail-10629.protonmail.ch", VGER, 2026],
      ["Fastmail", "*-smtp.messagingengine.com", "wout5-smtp.messagingengine.com", VGER, 2025],
      ["Zoho", "sender*.zoho.com", "sender4-of-o50.zoho.com", XEN, 2025],
      ["Zoho", "sender*.zoho.com.cn", "sender2-op-o12.zoho.com.cn", GNU, 2019],
      ["Zoho", "sender*.zoho.eu", "sender-op-o17.zoho.eu", VGER, 2024],
      ["Zoho", "sender*.zoho.in", "sender-of-o51.zoho.in", VGER, 2023],
      ["Yandex", "forward*.mail.yandex.net", "forward101c.mail.yandex.net", VGER, 2025],
      ["Mail.ru", "i.mail.ru", "fallback24.i.mail.ru", VGER, 2024],
      // Names show the address. Some mailers have no reverse name.
      ["QQ", "biz-*.mail.qq.com", "biz-43-154-54-12.mail.qq.com", VGER, 2022],
      ["QQ", "out*.mail.qq.com", "out203-205-221-231.mail.qq.com", VGER, 2024],
      ["QQ", "smtpbg*.qq.com", "smtpbguseast2.qq.com", VGER, 2024],
      ["Naver", "*smtppost*.nm.naver.com", "cvsmtppost23.nm.naver.com", VGER, 2024],
      // Access lines are named in dip0.t-ipconnect.de.
      ["Deutsche Telekom", "mailout*.t-online.de", "mailout02.t-online.de", GNU, 2025],
      ["Strato", "*-ob.smtp.rzone.de", "mo4-p01-ob.smtp.rzone.de", VGER, 2024],
      ["Gandi", "mslow*.mail.gandi.net", "mslow2.mail.gandi.net", VGER, 2020],
      ["Gandi", "relay*.mail.gandi.net", "relay3-d.mail.gandi.net", VGER, 2024],
      ["mailbox.org", "mout-*.mailbox.org", "mout-p-201.mailbox.org", VGER, 2024],
      ["Posteo", "mout*.posteo.de", "mout02.posteo.de", VGER, 2024],
      ["Rackspace", "smtp*.*.emailsrvr.com", "smtp122.ord1d.emailsrvr.com", VGER, 2022],
    ],

    // Spammers use these too, but a retry tells nothing about them: all of them retry.
    bulk: [
      // Also notices of Amazon, Slack and many others. EC2 is named in amazonaws.com.
      ["Amazon SES", "amazonses.com", "a27-10.smtp-out.us-west-2.amazonses.com", VGER, 2024],
      // Dedicated addresses have names of the customers' domains.
      [
        "SendGrid",
        "outbound-mail.sendgrid.net",
        "s.wrqvtbkv.outbound-mail.sendgrid.net",
        VGER,
        2024,
      ],
      // Dedicated addresses can have names of the customers' domains.
      ["Mailgun", "mailgun.net", "so254-9.mailgun.net", VGER, 2021],
      ["Mailgun", "mailgun.us", "z5.mailgun.us", VGER, 2021],
      ["Mailchimp", "mail*.*.mcdlv.net", "mail202.atl271.mcdlv.net", SOURCEFORGE, 2025],
      ["Mailchimp", "mail*.*.rsgsv.net", "mail82.sea91.rsgsv.net", REPOSITORIES, 2026],
      ["Mandrill", "mail*.*.mandrillapp.com", "mail187-29.suw11.mandrillapp.com", XEN, 2026],
      ["Mailjet", "o*.p*.mailjet.com", "o0.p27.mailjet.com", GNU, 2025],
      ["Brevo", "d.mailin.fr", "bi.d.mailin.fr", REPOSITORIES, 2026],
      ["Brevo", "d.sender-sib.com", "gz.d.sender-sib.com", VGER, 2025],
      // Names show the address; some carry a customer's domain inside.
      ["SparkPost", "sparkpostmail.com", "mta-210-36.sparkpostmail.com", REPOSITORIES, 2025],
      ["Postmark", "*mta*.mtasv.net", "mta202a-ord.mtasv.net", REPOSITORIES, 2026],
      ["HubSpot", "hubspotemail.net", "pgg17e.bf01x.hubspotemail.net", SOURCEFORGE, 2025],
      ["Salesforce", "mta.salesforce.com", "smtp02-ia6-sp4.mta.salesforce.com", REPOSITORIES, 2026],
      // Most customers' mailers have names of the customers' domains.
      ["Salesforce", "mta.exacttarget.com", "db229.mta.exacttarget.com", REPOSITORIES, 2021],
      // SendGrid runs these hosts for Klaviyo.
      [
        "Klaviyo",
        "o*.shared.klaviyomail.com",
        "o1340.shared.klaviyomail.com",
        "reverse names quoted in public repositories",
        2026,
      ],
      [
        "Constant Contact",
        "ccm*.constantcontact.com",
        "ccm30.constantcontact.com",
        REPOSITORIES,
        2017,
      ],
    ],

    notices: [
      ["GitHub", "smtp.github.com", "out-21.smtp.github.com", VGER, 2026],
      // Mailgun runs this host for GitLab.com.
      ["GitLab", "do*.mg.gitlab.com", "do158-143.mg.gitlab.com", GNU, 2020],
      ["PayPal", "mx*.phx.paypal.com", "mx1.phx.paypal.com", REPOSITORIES, 2026],
      ["PayPal", "mx*.slc.paypal.com", "mx0.slc.paypal.com", REPOSITORIES, 2026],
      // Workstations are named in corp.ebay.com.
      ["eBay", "mxphxpool*.ebay.com", "mxphxpool1008.ebay.com", REPOSITORIES, 2026],
      // Instagram too. Names show the address.
      [
        "Facebook",
        "mail-mail.facebook.com",
        "66-220-155-156.mail-mail.facebook.com",
        REPOSITORIES,
        2023,
      ],
      // Workstations are named in corp.linkedin.com.
      ["LinkedIn", "mail*.linkedin.com", "mailb-ga.linkedin.com", REPOSITORIES, 2026],
      ["X", "spruce-goose-*.twitter.com", "spruce-goose-cc.twitter.com", REPOSITORIES, 2023],
      // In that copy the host had no verified name.
      ["Steam", "smtp-*.steampowered.com", "smtp-01-tuk1.steampowered.com", REPOSITORIES, 2019],
      // SendGrid runs this host for Discord.
      ["Discord", "o*.ptr*.discord.com", "o17.ptr8588.discord.com", REPOSITORIES, 2025],
    ],

    lists: [
      // Lists, bug tracker, relay. Developers log in on other hosts of debian.org.
      ["Debian", "bendel.debian.org", "bendel.debian.org", DEBIAN, 2026],
      ["Debian", "buxtehude.debian.org", "buxtehude.debian.org", VGER, 2024],
      ["Debian", "mailly.debian.org", "mailly.debian.org", VGER, 2024],
      ["GNU", "lists.gnu.org", "lists.gnu.org", GNU, 2024],
      ["kernel.org", "lore.kernel.org", "sea.lore.kernel.org", LIST_COPIES, 2026],
      ["kernel.org", "mirrors.kernel.org", "dfw.mirrors.kernel.org", LIST_COPIES, 2026],
      ["kernel.org", "out*.vger.email", "out1.vger.email", LIST_COPIES, 2023],
      ["SourceForge", "lists.sourceforge.net", "lists.sourceforge.net", SOURCEFORGE, 2026],
      ["Groups.io", "mail*.groups.io", "mail02.groups.io", GROUPS_IO, 2024],
      ["Groups.io", "web*.groups.io", "web01.groups.io", GROUPS_IO, 2024],
      ["PostgreSQL", "magus.postgresql.org", "magus.postgresql.org", "settings of pgweb", 2024],
      [
        "PostgreSQL",
        "malur.postgresql.org",
        "malur.postgresql.org",
        "Message-IDs of pgsql-hackers",
        2026,
      ],
    ],

    relay: [
      ["Mimecast", "*-smtp-*.mimecast.com", "us-smtp-delivery-124.mimecast.com", VGER, 2024],
      ["Proofpoint", "dispatch*.ppe-hosted.com", "dispatch1-us1.ppe-hosted.com", VGER, 2024],
      ["Proofpoint", "mx0*-*.pphosted.com", "mx0a-001b2d01.pphosted.com", VGER, 2026],
      [
        "Barracuda",
        "outbound-*.ess.barracuda.com",
        "outbound-ip168b.ess.barracuda.com",
        VGER,
        2024,
      ],
      // Formerly Symantec.
      ["Broadcom", "mail*.bemta*.messagelabs.com", "mail1.bemta41.messagelabs.com", VGER, 2024],
      ["Trend Micro", "tmes.trendmicro.com", "inpost.tmes.trendmicro.com", SOURCEWARE, 2021],
      ["Trend Micro", "tmes.trendmicro.eu", "repost01.tmes.trendmicro.eu", VGER, 2024],
      ["Cisco", "esa*.*.iphmx.com", "esa6.hgst.iphmx.com", VGER, 2023],
    ],
  },

  via: {
    mailbox: [
      // Since 2025 _spf.google.com holds the networks itself; customers' records name the others too.
      ["Google", "_spf.google.com", GOOGLE, 2026],
      ["Google", "_netblocks.google.com", GOOGLE, 2025],
      ["Google", "_netblocks2.google.com", GOOGLE, 2025],
      ["Google", "_netblocks3.google.com", GOOGLE, 2025],
      ["Microsoft", "spf.protection.outlook.com", "SPF record of outlook.com", 2026],
      // Networks of Apple alone; iCloud Private Relay leaves from other companies' networks.
      ["Apple", "icloud.com", "SPF record of icloud.com", 2026],
      ["GMX", "gmx.com", "SPF record of gmx.com", 2024],
      ["GMX", "gmx.net", "SPF record of gmx.net", 2023],
      ["web.de", "web.de", "SPF record of web.de", 2023],
      ["IONOS", "_spf-eu.ionos.com", "SPF record of _spf-eu.ionos.com", 2026],
      ["Proton", "_spf.protonmail.ch", "SPF record of _spf.protonmail.ch", 2025],
      ["Proton", "_spf2.protonmail.ch", "SPF record of _spf.protonmail.ch", 2025],
      ["Fastmail", "spf.messagingengine.com", "SPF record of fastmail.com", 2017],
    ],
    bulk: [
      ["Amazon SES", "amazonses.com", "SPF record of amazonses.com", 2026],
      ["SendGrid", "sendgrid.net", "https://www.twilio.com/docs/sendgrid/glossary/spf", 2026],
      // A record for each customer, written by SendGrid, of addresses of SendGrid.
      ["SendGrid", "u*.wl*.sendgrid.net", "https://support.sendgrid.com/entries/94481", 2026],
      ["Mailgun", "_spf1.mailgun.org", "SPF record of mailgun.org", 2026],
      ["Mailgun", "_spf2.mailgun.org", "SPF record of mailgun.org", 2026],
      ["Mailgun", "_spf.eu.mailgun.org", "SPF record of mailgun.org", 2026],
      ["Mailchimp", "servers.mcsv.net", "SPF record of servers.mcsv.net", 2024],
      [
        "Mandrill",
        "spf.mandrillapp.com",
        "https://mailchimp.com/developer/transactional/docs/authentication-delivery/",
        2024,
      ],
      ["Mailjet", "spf.mailjet.com", "SPF record of spf.mailjet.com", 2021],
      ["Brevo", "spf.brevo.com", "SPF record of spf.brevo.com", 2026],
      ["Brevo", "spf.sendinblue.com", "SPF record of spf.sendinblue.com", 2024],
      ["Postmark", "spf.mtasv.net", "set-up that Postmark's API gives to each domain", 2026],
      // A record for each customer, written by HubSpot, of addresses of HubSpot.
      [
        "HubSpot",
        "*.spf*.hubspotemail.net",
        "https://knowledge.hubspot.com/email/do-i-need-to-add-hubspot-to-our-spf-record",
        2023,
      ],
      ["Salesforce", "cust-spf.exacttarget.com", "SPF record of cust-spf.exacttarget.com", 2026],
      [
        "Constant Contact",
        "spf.constantcontact.com",
        "https://knowledgebase.constantcontact.com/articles/KnowledgeBase/34717",
        2024,
      ],
    ],
    notices: [
      ["Facebook", "_spf.facebook.com", "SPF record of facebook.com", 2024],
      ["Facebook", "facebookmail.com", "SPF record of facebookmail.com", 2023],
      // Its own terms are two networks of X; what it includes does not match.
      ["X", "x.com", "SPF record of x.com", 2025],
    ],
    lists: [],
    relay: [
      // _netblocks.mimecast.com itself only includes the records of the regions.
      ["Mimecast", "au._netblocks.mimecast.com", MIMECAST, 2024],
      ["Mimecast", "de._netblocks.mimecast.com", MIMECAST, 2024],
      ["Mimecast", "eu._netblocks.mimecast.com", MIMECAST, 2024],
      ["Mimecast", "us._netblocks.mimecast.com", MIMECAST, 2024],
      ["Mimecast", "usb._netblocks.mimecast.com", MIMECAST, 2024],
      ["Mimecast", "za._netblocks.mimecast.com", MIMECAST, 2024],
      [
        "Barracuda",
        "spf.ess.barracudanetworks.com",
        "https://campus.barracuda.com/doc/96022990",
        2025,
      ],
      ["Trend Micro", "spf-us.tmes.trendmicro.com", TREND_MICRO, 2025],
      ["Trend Micro", "spf.tmems-jp.trendmicro.com", TREND_MICRO, 2025],
      ["Trend Micro", "spf.tmes-anz.trendmicro.com", TREND_MICRO, 2025],
      ["Trend Micro", "spf.tmes-in.trendmicro.com", TREND_MICRO, 2025],
      ["Trend Micro", "spf.tmes-sg.trendmicro.com", TREND_MICRO, 2025],
      ["Trend Micro", "spf.tmes-uae.trendmicro.com", TREND_MICRO, 2025],
      ["Trend Micro", "spf.tmes.trendmicro.com", TREND_MICRO, 2025],
      ["Trend Micro", "spf.tmes.trendmicro.eu", TREND_MICRO, 2025],
    ],
  },
};

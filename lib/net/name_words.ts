/** Words and domains by which host names are told apart. */

function setOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}

const ACCESS_WORDS = setOf(
  `abo abonent abonne abonnement adsl bbcust cable cablelink cablemodem catv cdma cpc cpe cust customer
  customers dhcp dial dialin dialpool dialup dip docsis dsl dyn dynamic dynamicip dynip dynpool
  fttb fttc ftth fttp fttx gpon gprs guest hfc hotspot hsd hsdpa hsia hspa ipbf ipconnect ipngn
  ipoe lte mobile modem modemcable ppp pppoa pppoe pppool prepaid residential resnet sdsl umts
  vdsl wifi wimax wireless wlan xdsl`,
);

/** Words of access lines that are ordinary names without a number. */
export const NUMBERED_ACCESS_WORDS = setOf(
  `bredband broadband cbl dorm ipad kabel res rev revip sdi subs subscr subscriber subscribers`,
);

/** Words that number customers and their devices, and mailers now and then. */
export const NUMBERED_WORDS = setOf(
  `async bas bng bras client clients cmts dorms fiber fibra fibre halls klient kund kunde line lns
  nas pc port ras reserved reshall reverse roaming student students sub tnt unallocated unassigned
  unused user vpn`,
);

/** Words of rented machines. An owner may choose `vps1`; a hoster assigns higher numbers. */
export const MACHINE_WORDS = setOf(
  `cloudvps colo ded dedi dedicated droplet instance kvm lxc openvz ovz rootserver vds vm vmd vmh vmi
  vps vroot vserver xen`,
);

/** Words of any machine: only a hoster numbers this many. */
export const SERVER_WORDS = setOf("cloud host node server srv xeon");

/** Words of names that stand for an address without a name, and their companions. */
export const PLACEHOLDER_WORDS = setOf(
  `broadband dedicated dynamic localhost no nodns noptr nordns norevers noreverse not ptr static
  unallocated unassigned undefined unknown unset unused`,
);
export const PLACEHOLDER_COMPANIONS = setOf(
  "addr address configured dns host hostname ip name rdns rev reverse set yet",
);

const MAIL_WORDS = setOf(
  `antispam bounce bounces bulk campaign delivery deliver edm esa exchange exim imap inbound
  incoming ironport list lists listserv newsletter newsletters notification notifications notify
  post postfix postmaster relay relayout relays send sender sending ses spamfilter zimbra`,
);

/** Zones of mail services that have no mail word. */
const MAIL_ZONES = setOf(
  `126.com 163.com acems1.com acems2.com acemsd1.com constantcontact.com createsend.com emsd1.com
  eps.apple.com exacttarget.com icloud.com iphmx.com mandrillapp.com mcdlv.net mcsv.net me.com
  messagelabs.com mimecast.com pphosted.com responsys.net rnmk.com rsgsv.net silu.net`,
);

/** Zones in which a hoster names the machines of its customers. */
export const HOSTER_ZONES = setOf(
  `aeza.network bc.googleusercontent.com bestsrv.de clients.your-server.de cloud.scaleway.com
  cloudapp.azure.com cloudapp.net compute-1.amazonaws.com compute.amazonaws.com
  compute.amazonaws.com.cn contaboserver.net cprapid.com dedibox.fr dreamhostps.com fvds.ru
  goodsrv.de happysrv.de host.secureserver.net hosted-by-vdsina.com hosted-by-vdsina.ru
  hostpapavps.net hostwindsdns.com hotsrv.de hstgr.cloud ip.linodeusercontent.com
  ip.secureserver.net kimsufi.com linodeusercontent.com luckysrv.de mc-host24.de megasrv.de
  members.linode.com nicesrv.de onlinehome-server.com onlinehome-server.info onlinehome-server.net
  poneytelecom.eu powersrv.de ptr.network publiccloud.com.br quicksrv.de rdp.sh scw.cloud
  serverprofi24.com serverprofi24.de serverprofi24.net startdedicated.com startdedicated.de
  startdedicated.net stratoserver.net supersrv.de tmweb.ru ultrasrv.de vps.hosteurope.de
  vps.ovh.ca vps.ovh.net vps.ovh.us vs.sakura.ne.jp vultrusercontent.com yourvserver.net
  zap-srv.com zap-webspace.com`,
);

/** Domains that hosters share between numbered machines and names of their own. */
export const HOSTER_DOMAINS = setOf(
  `a2hosting.com colocrossing.com hosteurope.de hostry.com justhost.ru leaseweb.com leaseweb.net
  online.net ovh.ca ovh.net ovh.us quadranet.com ruvds.ru vultr.com`,
);

/** Zones of access lines only. */
export const ACCESS_ZONES = setOf(
  "access.telenet.be bb.online.no bbtec.net myvzw.com pppool.de sdi.tpnet.pl static.3bb.co.th " +
    "static.3bb.in.th t-ipconnect.de tmodns.net",
);

export function isBelow(name: string, zones: ReadonlySet<string>): boolean {
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    if (zones.has(name.slice(dot + 1))) return true;
  }
  return false;
}

export function isAccessWord(word: string): boolean {
  if (ACCESS_WORDS.has(word)) return true;
  if (word.length < 4) return false;
  return word.endsWith("dsl") || word.startsWith("dsl") || word.startsWith("adsl") ||
    word.startsWith("vdsl") || word.startsWith("xdsl") || word.startsWith("ppp") ||
    word.startsWith("ftth") || word.endsWith("dial") || word.endsWith("wlan") ||
    word.includes("dhcp");
}

const RANGE_WORDS = setOf("dynpool ippool pool pooles poolip pools poolstatic");

/** Whether a word names a range of addresses: `pool`, `static`, `staticip`. */
export function isRangeWord(word: string): boolean {
  return RANGE_WORDS.has(word) || word.startsWith("static");
}

function firstLabel(domain: string): string {
  const dot = domain.indexOf(".");
  return dot < 0 ? domain : domain.slice(0, dot);
}

/** Whether the registrable domain is one of access lines: `telkomadsl.co.za`, `dialsprint.net`. */
export function isAccessDomain(domain: string): boolean {
  const label = firstLabel(domain);
  return label.includes("dsl") || label.includes("dial") || label.includes("ppp") ||
    label.includes("cable") || label.includes("broadband") || label.includes("wireless");
}

export function isMailWord(word: string): boolean {
  if (word.length < 2) return false;
  return MAIL_WORDS.has(word) || word.includes("mail") || word.includes("smtp") ||
    word.length < 8 && (word.startsWith("mta") || word.endsWith("mta")) ||
    word.endsWith("mtao") || word.startsWith("out") || word.endsWith("out") ||
    word.length < 6 && word.startsWith("mx");
}

/** Whether a name is one of a mail service: its registrable domain is `mailgun.net`. */
export function isMailService(name: string, domain: string): boolean {
  const label = firstLabel(domain);
  return label.includes("mail") || label.includes("smtp") || label.startsWith("send") ||
    label.endsWith("send") || isBelow(name, MAIL_ZONES);
}

import type { Texts } from "./texts.ts";

export const DE: Texts = {
  deferred: {
    subject: "E-Mail an Sie wartet",
    intro: (recipient) =>
      `E-Mail an ${recipient} wurde verzögert. Sie sieht eilig aus oder ist später als üblich:`,
  },
  digest: {
    subject: { day: "Ihre E-Mail des letzten Tages", week: "Ihre E-Mail der letzten Woche" },
    intro: (recipient) => `Was mit E-Mail unbekannter Absender an ${recipient} geschah:`,
    notRetried: "Nicht wiederholt, vielleicht erwünscht",
    stopped: "Aufgehalten, vermutlich Spam",
    waiting: "Wartet auf den nächsten Versuch",
    retried: "Verzögert zugestellt",
    choose: "Hereinlassen:",
  },
  links: (days) =>
    `Jeder Link öffnet eine Seite, die erst fragt. Er gilt einmal und ${days} Tage lang. ` +
    "Leiten Sie diese Nachricht nicht weiter.",
  footer: (host) => `Gesendet von Greylag auf ${host}.`,
  release: {
    label: "Diese Nachricht hereinlassen",
    question: "Diese Nachricht hereinlassen?",
    effect: "Ihr nächster Zustellversuch wird angenommen. Das kann einige Minuten dauern.",
    done: "Der nächste Zustellversuch wird angenommen.",
    advice:
      "Warten Sie auf einen Code oder Link? Fordern Sie jetzt einen neuen an: Er kommt sofort.",
  },
  allow: {
    label: "Absender immer zulassen",
    question: "Diesen Absender immer zulassen?",
    effect:
      "Seine E-Mail an Sie kommt ohne Verzögerung durch, aber nur von seinen eigenen Servern.",
    done: "E-Mail dieses Absenders an Sie kommt ohne Verzögerung durch.",
    advice:
      "Warten Sie auf einen Code oder Link? Fordern Sie jetzt einen neuen an: Er kommt sofort.",
  },
  spam: {
    label: "Als Spam melden",
    question: "Diese Nachricht als Spam melden?",
    effect: "E-Mail dieses Absenders an Sie von denselben Servern wird ab jetzt abgelehnt.",
    done: "E-Mail dieses Absenders an Sie wird ab jetzt abgelehnt.",
    advice: "Mehr ist nicht zu tun.",
  },
  from: "Von",
  sentBy: "Gesendet von",
  firstTried: "Erster Versuch",
  refused: {
    invalid: "Dieser Link ist ungültig.",
    expired: "Dieser Link ist abgelaufen.",
    used: "Dieser Link wurde schon benutzt.",
    forbidden: "Der Administrator hat das abgeschaltet.",
    gone: "Diese Nachricht gibt es nicht mehr.",
    limit: "Es gibt zu viele Einträge. Entfernen Sie erst einen.",
    throttled: "Zu viele Versuche. Warten Sie eine Minute.",
    failed: "Das geht im Moment nicht. Versuchen Sie es später noch einmal.",
  },
  newest: "Öffnen Sie einen Link Ihrer neuesten Benachrichtigung.",
  page: {
    title: "Meine E-Mail",
    waiting: "Wartet",
    noneWaiting: "Es wartet keine E-Mail.",
    notRetried: "Nicht wiederholt",
    noneNotRetried: "Es ging keine vielleicht erwünschte E-Mail verloren.",
    entries: "Meine Absender",
    noEntries: "Es ist kein Absender zugelassen oder gesperrt.",
    allowed: "zugelassen",
    blocked: "gesperrt",
    remove: "Entfernen",
    expect: "Ich erwarte E-Mail",
    expectEffect: "15 Minuten lang kommt E-Mail an Sie ohne Verzögerung durch.",
    expecting: (time) => `E-Mail an Sie kommt bis ${time} ohne Verzögerung durch.`,
    greylisting: "Greylisting",
    isOn: "Greylisting ist an: E-Mail unbekannter Absender wird einmal verzögert.",
    isOff: "Greylisting ist aus: Keine E-Mail an Sie wird verzögert. Sie bekommen mehr Spam.",
    turnOff: "Für mich ausschalten",
    turnOn: "Für mich einschalten",
    device: "Dieses Gerät",
    keep: "Auf diesem Gerät angemeldet bleiben",
    keepEffect:
      "Fügen Sie diese Seite danach dem Startbildschirm hinzu. Nur auf Ihrem eigenen Gerät.",
    leave: "Abmelden",
    saved: "Gespeichert.",
    back: "Zurück zu meiner E-Mail",
    open: "Meine E-Mail öffnen",
  },
};

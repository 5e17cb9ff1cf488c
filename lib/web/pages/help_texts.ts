/**
 * The texts of the help page for senders, by language.
 *
 * @module
 */
import type { Language } from "../../text/language.ts";
import type { MessageState } from "./message_state.ts";

/** Durations arrive in the same language. */
export interface HelpTexts {
  readonly title: string;
  explanation(host: string): string;
  readonly optionsTitle: string;
  readonly wait: string;
  forServers(delay: string, window: string): string;
  readonly contact: string;
  readonly formTitle: string;
  readonly formIntro: string;
  readonly sender: string;
  readonly recipient: string;
  readonly time: string;
  readonly zone: string;
  readonly submit: string;
  readonly answers: Readonly<Record<MessageState["kind"], (duration: string) => string>>;
  readonly languages: string;
}

const english: HelpTexts = {
  title: "My mail was delayed",
  explanation: (host) =>
    `The mail server ${host} asks unknown senders to try again a little later (“Greylisted, please ` +
    "try again”, 450 4.7.1). Your message was not rejected: your mail server retries on its own, " +
    "usually within minutes, and is known from then on. Most spam is never retried, so this keeps " +
    "it out.",
  optionsTitle: "Your options",
  wait:
    "Usually, nothing to do. Your message is in the queue of your mail server, which delivers " +
    "it with its next retry.",
  forServers: (delay, window) =>
    `If you run that server: it should retry after ${delay} or later, and within ${window}, with ` +
    "the same sender and recipient. A valid SPF record and matching forward and reverse DNS " +
    "shorten the delay.",
  contact:
    "If your message was returned as undeliverable, or is urgent, contact the recipient or " +
    "the administrator by other means",
  formTitle: "Where is my message?",
  formIntro: "Enter both addresses exactly as in your message, and when you sent it, to within a " +
    "quarter of an hour.",
  sender: "Your address",
  recipient: "Recipient",
  time: "Sent at",
  zone: "Time zone",
  submit: "Check",
  answers: {
    waiting: (left) =>
      `Your message waits in the queue of your mail server. A retry is accepted in ${left}; you ` +
      "need not do anything.",
    due: () =>
      "Your message waits in the queue of your mail server. Its next retry is accepted; you need " +
      "not do anything.",
    delivered: (delay) => `Your message was accepted ${delay} after its first attempt.`,
    abandoned: () =>
      "Your mail server no longer tries to deliver this message. Please send it again.",
    rejected: () => "Your message was rejected. Your mail server should have sent you a report.",
    unknown: () =>
      "No delayed message has these addresses and this time. It may have been accepted without a " +
      "delay, or it has not arrived here.",
    invalid: () => "Please enter both addresses and a time of the last 30 days.",
    throttled: (wait) => `Too many questions. Please try again in ${wait}.`,
    unavailable: () => "The state of messages is not available at the moment.",
  },
  languages: "Languages",
};

const german: HelpTexts = {
  title: "Meine E-Mail kommt verspätet an",
  explanation: (host) =>
    `Der Mailserver ${host} bittet unbekannte Absender, die Zustellung etwas später zu wiederholen ` +
    "(„Greylisted, please try again“, 450 4.7.1). Ihre Nachricht wurde nicht abgewiesen: Ihr " +
    "Mailserver versucht es von selbst erneut, meist nach wenigen Minuten, und ist von da an " +
    "bekannt. Spam wird meist kein zweites Mal gesendet und bleibt so draußen.",
  optionsTitle: "Was Sie tun können",
  wait: "Meist nichts. Ihre Nachricht liegt in der Warteschlange Ihres Mailservers, der sie beim " +
    "nächsten Versuch zustellt.",
  forServers: (delay, window) =>
    `Wenn Sie diesen Server betreiben: Er sollte frühestens nach ${delay} und spätestens nach ` +
    `${window} mit demselben Absender und Empfänger erneut zustellen. Ein gültiger SPF-Eintrag und ` +
    "übereinstimmende Namen im DNS (vorwärts und rückwärts) verkürzen die Wartezeit.",
  contact:
    "Wenn Ihre Nachricht als unzustellbar zurückkam oder eilt, wenden Sie sich auf anderem " +
    "Weg an den Empfänger oder den Administrator",
  formTitle: "Wo ist meine Nachricht?",
  formIntro: "Geben Sie beide Adressen genau wie in Ihrer Nachricht an, dazu die Sendezeit auf " +
    "eine Viertelstunde genau.",
  sender: "Ihre Adresse",
  recipient: "Empfänger",
  time: "Gesendet am",
  zone: "Zeitzone",
  submit: "Nachsehen",
  answers: {
    waiting: (left) =>
      "Ihre Nachricht liegt in der Warteschlange Ihres Mailservers. Ein neuer Versuch wird in " +
      `${left} angenommen; Sie müssen nichts tun.`,
    due: () =>
      "Ihre Nachricht liegt in der Warteschlange Ihres Mailservers. Der nächste Versuch wird " +
      "angenommen; Sie müssen nichts tun.",
    delivered: (delay) => `Ihre Nachricht wurde ${delay} nach dem ersten Versuch angenommen.`,
    abandoned: () =>
      "Ihr Mailserver versucht nicht mehr, diese Nachricht zuzustellen. Bitte senden Sie sie " +
      "noch einmal.",
    rejected: () =>
      "Ihre Nachricht wurde abgewiesen. Ihr Mailserver sollte Ihnen das gemeldet haben.",
    unknown: () =>
      "Keine verzögerte Nachricht passt zu diesen Adressen und dieser Zeit. Vielleicht wurde sie " +
      "ohne Verzögerung angenommen, oder sie ist hier nicht angekommen.",
    invalid: () => "Bitte geben Sie beide Adressen und eine Zeit der letzten 30 Tage an.",
    throttled: (wait) => `Zu viele Anfragen. Bitte versuchen Sie es in ${wait} noch einmal.`,
    unavailable: () => "Der Stand von Nachrichten ist zurzeit nicht verfügbar.",
  },
  languages: "Sprachen",
};

const french: HelpTexts = {
  title: "Mon message arrive en retard",
  explanation: (host) =>
    `Le serveur de messagerie ${host} demande aux expéditeurs inconnus de réessayer un peu plus ` +
    "tard (« Greylisted, please try again », 450 4.7.1). Votre message n’a pas été refusé : votre " +
    "serveur réessaie de lui-même, en général au bout de quelques minutes, et il est ensuite " +
    "connu. La plupart des spams ne sont jamais renvoyés et restent ainsi dehors.",
  optionsTitle: "Que faire ?",
  wait: "Le plus souvent, rien. Votre message se trouve dans la file d’attente de votre serveur, " +
    "qui le remettra à la prochaine tentative.",
  forServers: (delay, window) =>
    `Si vous administrez ce serveur : il doit réessayer après ${delay} au plus tôt et avant ` +
    `${window}, avec le même expéditeur et le même destinataire. Un enregistrement SPF valide et ` +
    "un DNS direct et inverse concordant raccourcissent l’attente.",
  contact: "Si votre message vous est revenu ou s’il est urgent, contactez le destinataire ou " +
    "l’administrateur par un autre moyen",
  formTitle: "Où est mon message ?",
  formIntro: "Indiquez les deux adresses exactement comme dans votre message, et l’heure d’envoi " +
    "à un quart d’heure près.",
  sender: "Votre adresse",
  recipient: "Destinataire",
  time: "Envoyé le",
  zone: "Fuseau horaire",
  submit: "Vérifier",
  answers: {
    waiting: (left) =>
      "Votre message est dans la file d’attente de votre serveur. Une nouvelle tentative sera " +
      `acceptée dans ${left} ; vous n’avez rien à faire.`,
    due: () =>
      "Votre message est dans la file d’attente de votre serveur. La prochaine tentative sera " +
      "acceptée ; vous n’avez rien à faire.",
    delivered: (delay) => `Votre message a été accepté ${delay} après la première tentative.`,
    abandoned: () =>
      "Votre serveur n’essaie plus de remettre ce message. Veuillez l’envoyer de nouveau.",
    rejected: () => "Votre message a été refusé. Votre serveur a dû vous en avertir.",
    unknown: () =>
      "Aucun message retardé ne correspond à ces adresses et à cette heure. Il a peut-être été " +
      "accepté sans attente, ou il n’est pas arrivé ici.",
    invalid: () => "Veuillez indiquer les deux adresses et une heure des 30 derniers jours.",
    throttled: (wait) => `Trop de demandes. Veuillez réessayer dans ${wait}.`,
    unavailable: () => "L’état des messages n’est pas disponible pour le moment.",
  },
  languages: "Langues",
};

const spanish: HelpTexts = {
  title: "Mi mensaje llega con retraso",
  explanation: (host) =>
    `El servidor de correo ${host} pide a los remitentes desconocidos que lo intenten de nuevo un ` +
    "poco más tarde («Greylisted, please try again», 450 4.7.1). Su mensaje no ha sido rechazado: " +
    "su servidor lo reintenta por sí mismo, normalmente en unos minutos, y desde entonces es " +
    "conocido. La mayor parte del spam nunca se reintenta y así se queda fuera.",
  optionsTitle: "Qué puede hacer",
  wait:
    "Normalmente, nada. Su mensaje está en la cola de su servidor de correo, que lo entregará " +
    "en el próximo intento.",
  forServers: (delay, window) =>
    `Si usted administra ese servidor: debe reintentar pasados al menos ${delay} y antes de ` +
    `${window}, con el mismo remitente y destinatario. Un registro SPF válido y un DNS directo e ` +
    "inverso que coincidan acortan la espera.",
  contact:
    "Si su mensaje fue devuelto o es urgente, póngase en contacto con el destinatario o el " +
    "administrador por otro medio",
  formTitle: "¿Dónde está mi mensaje?",
  formIntro:
    "Indique ambas direcciones exactamente como en su mensaje y la hora de envío, con un " +
    "cuarto de hora de margen.",
  sender: "Su dirección",
  recipient: "Destinatario",
  time: "Enviado el",
  zone: "Zona horaria",
  submit: "Comprobar",
  answers: {
    waiting: (left) =>
      "Su mensaje está en la cola de su servidor de correo. Se aceptará un nuevo intento dentro " +
      `de ${left}; no tiene que hacer nada.`,
    due: () =>
      "Su mensaje está en la cola de su servidor de correo. El próximo intento será aceptado; no " +
      "tiene que hacer nada.",
    delivered: (delay) => `Su mensaje fue aceptado ${delay} después del primer intento.`,
    abandoned: () =>
      "Su servidor ya no intenta entregar este mensaje. Por favor, envíelo de nuevo.",
    rejected: () => "Su mensaje fue rechazado. Su servidor debería haberle avisado.",
    unknown: () =>
      "Ningún mensaje retrasado coincide con estas direcciones y esta hora. Puede que se aceptara " +
      "sin espera o que no haya llegado aquí.",
    invalid: () => "Indique ambas direcciones y una hora de los últimos 30 días.",
    throttled: (wait) => `Demasiadas consultas. Inténtelo de nuevo dentro de ${wait}.`,
    unavailable: () => "El estado de los mensajes no está disponible en este momento.",
  },
  languages: "Idiomas",
};

const dutch: HelpTexts = {
  title: "Mijn bericht komt later aan",
  explanation: (host) =>
    `De mailserver ${host} vraagt onbekende afzenders om het iets later opnieuw te proberen ` +
    "(“Greylisted, please try again”, 450 4.7.1). Uw bericht is niet geweigerd: uw mailserver " +
    "probeert het vanzelf opnieuw, meestal binnen enkele minuten, en is daarna bekend. De meeste " +
    "spam wordt nooit opnieuw verstuurd en blijft zo buiten.",
  optionsTitle: "Wat u kunt doen",
  wait: "Meestal niets. Uw bericht staat in de wachtrij van uw mailserver, die het bij de " +
    "volgende poging aflevert.",
  forServers: (delay, window) =>
    `Als u die server beheert: hij moet het na minstens ${delay} en binnen ${window} opnieuw ` +
    "proberen, met dezelfde afzender en ontvanger. Een geldig SPF-record en overeenkomende " +
    "voorwaartse en omgekeerde DNS verkorten de wachttijd.",
  contact: "Is uw bericht als onbestelbaar teruggekomen, of is het dringend, neem dan op een " +
    "andere manier contact op met de ontvanger of de beheerder",
  formTitle: "Waar is mijn bericht?",
  formIntro: "Vul beide adressen precies zo in als in uw bericht, en het tijdstip van verzending " +
    "op een kwartier nauwkeurig.",
  sender: "Uw adres",
  recipient: "Ontvanger",
  time: "Verzonden op",
  zone: "Tijdzone",
  submit: "Controleren",
  answers: {
    waiting: (left) =>
      "Uw bericht staat in de wachtrij van uw mailserver. Een nieuwe poging wordt over " +
      `${left} geaccepteerd; u hoeft niets te doen.`,
    due: () =>
      "Uw bericht staat in de wachtrij van uw mailserver. De volgende poging wordt geaccepteerd; " +
      "u hoeft niets te doen.",
    delivered: (delay) => `Uw bericht is ${delay} na de eerste poging geaccepteerd.`,
    abandoned: () =>
      "Uw mailserver probeert dit bericht niet meer af te leveren. Verstuur het alstublieft " +
      "opnieuw.",
    rejected: () => "Uw bericht is geweigerd. Uw mailserver hoort u dat gemeld te hebben.",
    unknown: () =>
      "Geen vertraagd bericht past bij deze adressen en dit tijdstip. Misschien is het zonder " +
      "vertraging geaccepteerd, of is het hier niet aangekomen.",
    invalid: () => "Vul beide adressen en een tijdstip van de laatste 30 dagen in.",
    throttled: (wait) => `Te veel vragen. Probeer het over ${wait} opnieuw.`,
    unavailable: () => "De status van berichten is op dit moment niet beschikbaar.",
  },
  languages: "Talen",
};

const italian: HelpTexts = {
  title: "Il mio messaggio arriva in ritardo",
  explanation: (host) =>
    `Il server di posta ${host} chiede ai mittenti sconosciuti di riprovare un po’ più tardi ` +
    "(«Greylisted, please try again», 450 4.7.1). Il suo messaggio non è stato rifiutato: il suo " +
    "server riprova da solo, di solito dopo pochi minuti, e da quel momento è conosciuto. Quasi " +
    "tutto lo spam non viene mai rispedito e così resta fuori.",
  optionsTitle: "Le sue opzioni",
  wait: "Di solito, nulla. Il suo messaggio è nella coda del suo server di posta, che lo " +
    "consegnerà al prossimo tentativo.",
  forServers: (delay, window) =>
    `Se gestisce quel server: deve riprovare dopo almeno ${delay} ed entro ${window}, con lo ` +
    "stesso mittente e lo stesso destinatario. Un record SPF valido e un DNS diretto e inverso " +
    "coerente riducono l’attesa.",
  contact: "Se il messaggio le è stato restituito o è urgente, contatti il destinatario o " +
    "l’amministratore in altro modo",
  formTitle: "Dov’è il mio messaggio?",
  formIntro:
    "Indichi entrambi gli indirizzi esattamente come nel messaggio e l’ora di invio, con " +
    "un quarto d’ora di tolleranza.",
  sender: "Il suo indirizzo",
  recipient: "Destinatario",
  time: "Inviato il",
  zone: "Fuso orario",
  submit: "Verifica",
  answers: {
    waiting: (left) =>
      "Il suo messaggio è nella coda del suo server di posta. Un nuovo tentativo sarà accettato " +
      `tra ${left}; non occorre altro da parte sua.`,
    due: () =>
      "Il suo messaggio è nella coda del suo server di posta. Il prossimo tentativo sarà " +
      "accettato; non occorre altro da parte sua.",
    delivered: (delay) => `Il suo messaggio è stato accettato ${delay} dopo il primo tentativo.`,
    abandoned: () =>
      "Il suo server non tenta più di consegnare questo messaggio. Lo invii di nuovo, per favore.",
    rejected: () => "Il suo messaggio è stato rifiutato. Il suo server dovrebbe averla avvisata.",
    unknown: () =>
      "Nessun messaggio in attesa corrisponde a questi indirizzi e a quest’ora. Forse è stato " +
      "accettato subito, oppure non è arrivato qui.",
    invalid: () => "Indichi entrambi gli indirizzi e un’ora degli ultimi 30 giorni.",
    throttled: (wait) => `Troppe richieste. Riprovi tra ${wait}.`,
    unavailable: () => "Lo stato dei messaggi non è disponibile al momento.",
  },
  languages: "Lingue",
};

const polish: HelpTexts = {
  title: "Moja wiadomość dociera z opóźnieniem",
  explanation: (host) =>
    `Serwer poczty ${host} prosi nieznanych nadawców o ponowienie próby nieco później ` +
    "(„Greylisted, please try again”, 450 4.7.1). Wiadomość nie została odrzucona: serwer nadawcy " +
    "sam ponawia próbę, zwykle po kilku minutach, i odtąd jest znany. Większość spamu nigdy nie " +
    "jest wysyłana ponownie, więc nie zostaje wpuszczona.",
  optionsTitle: "Co można zrobić",
  wait: "Zwykle nic. Wiadomość czeka w kolejce serwera poczty nadawcy, który dostarczy ją przy " +
    "następnej próbie.",
  forServers: (delay, window) =>
    `Dla administratora tego serwera: próbę należy ponowić najwcześniej po czasie ${delay} i przed ` +
    `upływem czasu ${window}, z tym samym nadawcą i odbiorcą. Poprawny rekord SPF oraz zgodne nazwy ` +
    "w DNS (w obu kierunkach) skracają oczekiwanie.",
  contact:
    "Jeśli wiadomość wróciła jako niedostarczona lub jest pilna, prosimy skontaktować się z " +
    "odbiorcą albo administratorem w inny sposób",
  formTitle: "Gdzie jest moja wiadomość?",
  formIntro: "Prosimy podać oba adresy dokładnie tak jak w wiadomości oraz czas wysłania z " +
    "dokładnością do kwadransa.",
  sender: "Adres nadawcy",
  recipient: "Odbiorca",
  time: "Wysłano",
  zone: "Strefa czasowa",
  submit: "Sprawdź",
  answers: {
    waiting: (left) =>
      "Wiadomość czeka w kolejce serwera nadawcy. Ponowna próba zostanie przyjęta za " +
      `${left}; nie trzeba nic robić.`,
    due: () =>
      "Wiadomość czeka w kolejce serwera nadawcy. Następna próba zostanie przyjęta; nie trzeba " +
      "nic robić.",
    delivered: (delay) => `Wiadomość przyjęto po pierwszej próbie z opóźnieniem: ${delay}.`,
    abandoned: () =>
      "Serwer nadawcy nie próbuje już dostarczyć tej wiadomości. Prosimy wysłać ją ponownie.",
    rejected: () => "Wiadomość została odrzucona. Serwer nadawcy powinien był o tym powiadomić.",
    unknown: () =>
      "Żadna opóźniona wiadomość nie ma tych adresów i tego czasu. Być może została przyjęta od " +
      "razu albo nie dotarła tutaj.",
    invalid: () => "Prosimy podać oba adresy i czas z ostatnich 30 dni.",
    throttled: (wait) => `Zbyt wiele zapytań. Prosimy spróbować ponownie za ${wait}.`,
    unavailable: () => "Stan wiadomości jest w tej chwili niedostępny.",
  },
  languages: "Języki",
};

export const HELP_TEXTS: Readonly<Record<Language, HelpTexts>> = {
  en: english,
  de: german,
  fr: french,
  es: spanish,
  nl: dutch,
  it: italian,
  pl: polish,
};

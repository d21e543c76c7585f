"""The words of the desk's chat pages: ready answers, why a chat ended, and who said which line."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sidedoor.chat.model import Message, Who
from sidedoor.documents.models import Contact
from sidedoor.documents.site import Emergency, Site, in_language

ENDS = {
    "hidden": "The reader left in a hurry. Do not contact them.",
    "reader": "The reader ended it.",
    "adviser": "You ended it.",
    "quiet": "It was quiet for fifteen minutes, so it ended.",
    "blocked": "You ended it for a threat or a disturbance.",
    "broken": "Its words could no longer be read, so it was ended. The reader was told, and given numbers to call.",
}
COLLEAGUE_HAS_IT = "A colleague has this chat now."
UNKNOWN = "This chat is no longer known: it is over, and nothing of it is kept."
REFUSED = {
    "empty": "There is nothing in the box yet.",
    "long": "That is too long. Send it in parts.",
    "often": "That was a lot at once. Wait a moment, then send it again.",
    "over": "The chat is over. What you wrote was not sent.",
    "pause": "This is your pause. Say that you are ready, if you are.",
    "gone": "A colleague was quicker, or it is over.",
    "closed": "The desk of that colleague gives no sign just now. Choose somebody else, or wait a moment.",
    "here": "The desk of its adviser is back, so it stays there.",
}
EVENTS = {
    "joined": "{} reads along from here. The reader is told.",
    "handed": "{} goes on from here. The reader is told.",
}
ALARMS = {
    "waiting": ("Somebody waits.", "{} people wait."),
    "unanswered": ("A reader of yours has waited for a minute.", "{} readers of yours have waited for a minute."),
    "out of reach": ("A reader of yours is out of reach.", "{} readers of yours are out of reach."),
    "left": ("A colleague's desk gives no sign.", "Colleagues' desks give no sign: {} chats."),
}
"""For one, and for more. They are said aloud and shown to whoever stands beside the desk, so they tell nothing."""
_DANGER = "In danger"
HOURS_OF_A_BLOCK = (1, 4, 24)
_READY: Mapping[str, tuple[str, ...]] = {
    "To begin": (
        "/hello Hello, you have reached an adviser. Are you safe to write just now?",
        "/here Thank you for waiting. I am here now. Take the time you need.",
        "/name You need not tell me your name, or where you are.",
    ),
    _DANGER: (
        "/danger Are you in danger at this moment? If so, please call the police, or an ambulance.",
        "/hide If you have to leave at once, press “Hide this page”. It ends this chat and deletes it.",
    ),
    "To listen": (
        "/thank Thank you for telling me. It is not your fault.",
        "/more Would you like to tell me a little more about that?",
        "/help What would help you most just now?",
    ),
    "To end": (
        "/else Is there anything else that you would like to ask?",
        "/back You can come back at any time. Nothing of this chat is kept, so you would start afresh.",
        "/clear Before you go: does anybody look at this phone or computer? “End and clear” deletes the chat.",
    ),
}
_CALL = "/%(number)s Are you in danger at this moment? If so, please call %(number)s."
_IN: Mapping[str, Mapping[str, str]] = {
    "cy": {
        "/%(number)s": "A ydych mewn perygl y funud hon? Os felly, ffoniwch %(number)s.",
        "/back": (
            "Gallwch ddod yn ôl unrhyw bryd. Nid oes dim o'r sgwrs hon yn cael ei gadw, felly "
            "byddech yn dechrau o'r newydd."
        ),
        "/clear": (
            "Cyn i chi fynd: a oes rhywun yn edrych ar y ffôn neu'r cyfrifiadur hwn? Mae “Gorffen "
            "a chlirio” yn dileu'r sgwrs."
        ),
        "/danger": "A ydych mewn perygl y funud hon? Os felly, ffoniwch yr heddlu, neu ambiwlans.",
        "/else": "A oes unrhyw beth arall yr hoffech ei ofyn?",
        "/hello": "Helo, rydych wedi cyrraedd cynghorydd. A yw'n ddiogel i chi ysgrifennu nawr?",
        "/help": "Beth fyddai'n eich helpu fwyaf nawr?",
        "/here": "Diolch am aros. Rydw i yma nawr. Cymerwch yr amser sydd ei angen arnoch.",
        "/hide": (
            "Os oes rhaid i chi adael ar unwaith, pwyswch “Cuddio'r dudalen”. Mae'n gorffen y sgwrs hon ac yn ei dileu."
        ),
        "/more": "Hoffech chi ddweud ychydig mwy wrthyf am hynny?",
        "/name": "Nid oes rhaid i chi ddweud eich enw wrthyf, na ble rydych chi.",
        "/thank": "Diolch am ddweud wrthyf. Nid eich bai chi yw hyn.",
    },
    "ar": {
        "/%(number)s": "هل أنت في خطر في هذه اللحظة؟ إن كان الأمر كذلك، فاتصل من فضلك برقم %(number)s.",
        "/back": "يمكنك العودة في أي وقت. لا يُحفظ شيء من هذه المحادثة، لذلك ستبدأ من جديد.",
        "/clear": "قبل أن تذهب: هل ينظر أحد إلى هذا الهاتف أو الكمبيوتر؟ زر «إنهاء ومسح» يحذف المحادثة.",
        "/danger": "هل أنت في خطر في هذه اللحظة؟ إن كان الأمر كذلك، فاتصل من فضلك بالشرطة أو بالإسعاف.",
        "/else": "هل هناك شيء آخر تود السؤال عنه؟",
        "/hello": "مرحبًا، معك مستشار. هل الكتابة آمنة لك الآن؟",
        "/help": "ما أكثر ما قد يساعدك الآن؟",
        "/here": "شكرًا على الانتظار. أنا هنا الآن. خذ الوقت الذي تحتاج إليه.",
        "/hide": "إذا اضطررت إلى المغادرة فورًا، فاضغط «إخفاء هذه الصفحة». ينهي ذلك هذه المحادثة ويحذفها.",
        "/more": "هل تود أن تخبرني بالمزيد عن ذلك؟",
        "/name": "لست بحاجة إلى إخباري باسمك أو بمكانك.",
        "/thank": "شكرًا على إخباري. ليس هذا ذنبك.",
    },
    "bn": {
        "/%(number)s": "আপনি কি এই মুহূর্তে বিপদে আছেন? তাহলে দয়া করে %(number)s নম্বরে ফোন করুন।",
        "/back": "আপনি যেকোনো সময় ফিরে আসতে পারেন। এই চ্যাটের কিছুই রাখা হয় না, তাই আপনাকে নতুন করে শুরু করতে হবে।",
        "/clear": "যাওয়ার আগে: কেউ কি এই ফোন বা কম্পিউটার দেখে? “শেষ করে মুছে দিন” চ্যাটটি মুছে দেয়।",
        "/danger": "আপনি কি এই মুহূর্তে বিপদে আছেন? তাহলে দয়া করে পুলিশ বা অ্যাম্বুলেন্সকে ফোন করুন।",
        "/else": "আর কিছু জানতে চান?",
        "/hello": "নমস্কার, আপনি একজন পরামর্শদাতার সঙ্গে কথা বলছেন। এখন লেখা কি আপনার জন্য নিরাপদ?",
        "/help": "এখন কী হলে আপনার সবচেয়ে বেশি সাহায্য হবে?",
        "/here": "অপেক্ষা করার জন্য ধন্যবাদ। আমি এখন আছি। যত সময় লাগে নিন।",
        "/hide": "এখনই চলে যেতে হলে “এই পাতা আড়াল করুন” চাপুন। এতে এই চ্যাট শেষ হয় এবং মুছে যায়।",
        "/more": "এ বিষয়ে আমাকে আরও একটু বলতে চান?",
        "/name": "আপনার নাম বা আপনি কোথায় আছেন, তা আমাকে বলতে হবে না।",
        "/thank": "আমাকে বলার জন্য ধন্যবাদ। এতে আপনার কোনো দোষ নেই।",
    },
    "fa": {
        "/%(number)s": "آیا همین الان در خطر هستید؟ اگر بله، لطفاً با %(number)s تماس بگیرید.",
        "/back": "هر وقت بخواهید می‌توانید برگردید. هیچ چیز از این گفتگو نگه داشته نمی‌شود، پس از نو شروع می‌کنید.",
        "/clear": "پیش از رفتن: آیا کسی به این تلفن یا رایانه نگاه می‌کند؟ «پایان و پاک کردن» گفتگو را پاک می‌کند.",
        "/danger": "آیا همین الان در خطر هستید؟ اگر بله، لطفاً با پلیس یا آمبولانس تماس بگیرید.",
        "/else": "آیا چیز دیگری هست که بخواهید بپرسید؟",
        "/hello": "سلام، شما با یک مشاور در ارتباط هستید. آیا الان نوشتن برای شما امن است؟",
        "/help": "الان چه چیزی بیشتر از همه به شما کمک می‌کند؟",
        "/here": "ممنون که منتظر ماندید. من الان اینجا هستم. هر قدر وقت لازم دارید صبر می‌کنم.",
        "/hide": "اگر باید فوراً بروید، «پنهان کردن این صفحه» را بزنید. این گفتگو تمام و پاک می‌شود.",
        "/more": "می‌خواهید کمی بیشتر درباره آن بگویید؟",
        "/name": "لازم نیست نام خود یا جایی را که هستید به من بگویید.",
        "/thank": "ممنون که به من گفتید. تقصیر شما نیست.",
    },
    "pa": {
        "/%(number)s": "ਕੀ ਤੁਸੀਂ ਇਸ ਵੇਲੇ ਖ਼ਤਰੇ ਵਿੱਚ ਹੋ? ਜੇ ਹਾਂ, ਤਾਂ ਕਿਰਪਾ ਕਰਕੇ %(number)s 'ਤੇ ਫ਼ੋਨ ਕਰੋ।",
        "/back": ("ਤੁਸੀਂ ਕਦੇ ਵੀ ਵਾਪਸ ਆ ਸਕਦੇ ਹੋ। ਇਸ ਚੈਟ ਦਾ ਕੁਝ ਵੀ ਨਹੀਂ ਰੱਖਿਆ ਜਾਂਦਾ, ਇਸ ਲਈ ਤੁਸੀਂ ਨਵੇਂ ਸਿਰੇ ਤੋਂ ਸ਼ੁਰੂ ਕਰੋਗੇ।"),
        "/clear": "ਜਾਣ ਤੋਂ ਪਹਿਲਾਂ: ਕੀ ਕੋਈ ਇਹ ਫ਼ੋਨ ਜਾਂ ਕੰਪਿਊਟਰ ਦੇਖਦਾ ਹੈ? “ਖਤਮ ਕਰੋ ਅਤੇ ਮਿਟਾਓ” ਚੈਟ ਨੂੰ ਮਿਟਾ ਦਿੰਦਾ ਹੈ।",
        "/danger": "ਕੀ ਤੁਸੀਂ ਇਸ ਵੇਲੇ ਖ਼ਤਰੇ ਵਿੱਚ ਹੋ? ਜੇ ਹਾਂ, ਤਾਂ ਕਿਰਪਾ ਕਰਕੇ ਪੁਲਿਸ ਜਾਂ ਐਂਬੂਲੈਂਸ ਨੂੰ ਫ਼ੋਨ ਕਰੋ।",
        "/else": "ਕੀ ਤੁਸੀਂ ਕੁਝ ਹੋਰ ਪੁੱਛਣਾ ਚਾਹੋਗੇ?",
        "/hello": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ, ਤੁਸੀਂ ਇੱਕ ਸਲਾਹਕਾਰ ਨਾਲ ਗੱਲ ਕਰ ਰਹੇ ਹੋ। ਕੀ ਇਸ ਵੇਲੇ ਲਿਖਣਾ ਤੁਹਾਡੇ ਲਈ ਸੁਰੱਖਿਅਤ ਹੈ?",
        "/help": "ਇਸ ਵੇਲੇ ਤੁਹਾਡੀ ਸਭ ਤੋਂ ਵੱਧ ਮਦਦ ਕਿਸ ਗੱਲ ਨਾਲ ਹੋਵੇਗੀ?",
        "/here": "ਉਡੀਕ ਕਰਨ ਲਈ ਧੰਨਵਾਦ। ਮੈਂ ਹੁਣ ਇੱਥੇ ਹਾਂ। ਜਿੰਨਾ ਸਮਾਂ ਚਾਹੀਦਾ ਹੈ, ਲਓ।",
        "/hide": "ਜੇ ਤੁਹਾਨੂੰ ਤੁਰੰਤ ਜਾਣਾ ਪਵੇ, ਤਾਂ “ਇਹ ਪੰਨਾ ਲੁਕਾਓ” ਦਬਾਓ। ਇਸ ਨਾਲ ਇਹ ਚੈਟ ਖਤਮ ਹੋ ਕੇ ਮਿਟ ਜਾਂਦੀ ਹੈ।",
        "/more": "ਕੀ ਤੁਸੀਂ ਇਸ ਬਾਰੇ ਥੋੜ੍ਹਾ ਹੋਰ ਦੱਸਣਾ ਚਾਹੋਗੇ?",
        "/name": "ਤੁਹਾਨੂੰ ਆਪਣਾ ਨਾਮ, ਜਾਂ ਤੁਸੀਂ ਕਿੱਥੇ ਹੋ, ਦੱਸਣ ਦੀ ਲੋੜ ਨਹੀਂ।",
        "/thank": "ਮੈਨੂੰ ਦੱਸਣ ਲਈ ਧੰਨਵਾਦ। ਇਸ ਵਿੱਚ ਤੁਹਾਡਾ ਕੋਈ ਕਸੂਰ ਨਹੀਂ।",
    },
    "pl": {
        "/%(number)s": "Czy w tej chwili coś Ci grozi? Jeśli tak, zadzwoń pod numer %(number)s.",
        "/back": "Możesz wrócić w każdej chwili. Z tego czatu nic nie zostaje, więc zaczniesz od nowa.",
        "/clear": (
            "Zanim odejdziesz: czy ktoś zagląda do tego telefonu lub komputera? „Zakończ i wyczyść” usuwa czat."
        ),
        "/danger": "Czy w tej chwili coś Ci grozi? Jeśli tak, zadzwoń po policję lub pogotowie.",
        "/else": "Czy jest jeszcze coś, o co chcesz zapytać?",
        "/hello": "Dzień dobry, tu doradca. Czy możesz teraz bezpiecznie pisać?",
        "/help": "Co teraz najbardziej by Ci pomogło?",
        "/here": "Dziękuję, że czekasz. Teraz jestem. Nie musisz się spieszyć.",
        "/hide": "Jeśli musisz od razu wyjść, naciśnij „Ukryj tę stronę”. To kończy ten czat i go usuwa.",
        "/more": "Czy chcesz powiedzieć mi o tym trochę więcej?",
        "/name": "Nie musisz mi mówić, jak się nazywasz ani gdzie jesteś.",
        "/thank": "Dziękuję, że mi to mówisz. To nie jest Twoja wina.",
    },
    "ro": {
        "/%(number)s": "Sunteți în pericol în acest moment? Dacă da, vă rog să sunați la %(number)s.",
        "/back": (
            "Puteți reveni oricând. Nu se păstrează nimic din această conversație, așa că ați începe de la capăt."
        ),
        "/clear": (
            "Înainte de a pleca: se uită cineva la acest telefon sau calculator? „Încheiați și "
            "ștergeți” șterge conversația."
        ),
        "/danger": "Sunteți în pericol în acest moment? Dacă da, vă rog să sunați la poliție sau la ambulanță.",
        "/else": "Mai este ceva ce ați dori să întrebați?",
        "/hello": "Bună ziua, vorbiți cu un consilier. Puteți scrie în siguranță acum?",
        "/help": "Ce v-ar ajuta cel mai mult acum?",
        "/here": "Vă mulțumesc că ați așteptat. Acum sunt aici. Luați-vă timpul de care aveți nevoie.",
        "/hide": (
            "Dacă trebuie să plecați imediat, apăsați „Ascundeți pagina”. Aceasta încheie conversația și o șterge."
        ),
        "/more": "Doriți să îmi spuneți puțin mai mult despre asta?",
        "/name": "Nu trebuie să îmi spuneți cum vă numiți sau unde sunteți.",
        "/thank": "Vă mulțumesc că mi-ați spus. Nu este vina dumneavoastră.",
    },
    "so": {
        "/%(number)s": "Hadda khatar ma ku jirtaa? Haddii ay haa tahay, fadlan wac %(number)s.",
        "/back": (
            "Waad soo noqon kartaa mar kasta. Wax ka mid ah wada-sheekaysigan lama hayo, markaa waxaad "
            "ka bilaabi doontaa bilowga."
        ),
        "/clear": (
            "Ka hor intaadan bixin: qof ma eegaa telefoonkan ama kombiyuutarkan? “Dhammee oo tirtir” "
            "waxay tirtirtaa wada-sheekaysiga."
        ),
        "/danger": "Hadda khatar ma ku jirtaa? Haddii ay haa tahay, fadlan wac booliska ama ambalaasta.",
        "/else": "Ma jiraan wax kale oo aad jeclaan lahayd inaad weydiiso?",
        "/hello": "Salaan, waxaad la hadlaysaa la-taliye. Hadda ma kuu ammaan baa inaad wax qorto?",
        "/help": "Hadda maxaa ugu badnaan ku caawin lahaa?",
        "/here": "Waad ku mahadsan tahay sugitaanka. Hadda waan joogaa. Qaado waqtiga aad u baahan tahay.",
        "/hide": (
            "Haddii aad isla markiiba baxayso, taabo “Qari boggan”. Waxay soo afjartaa "
            "wada-sheekaysigan, wayna tirtirtaa."
        ),
        "/more": "Ma jeclaan lahayd inaad wax yar oo dheeraad ah iiga sheegto arrintaas?",
        "/name": "Uma baahnid inaad ii sheegto magacaaga ama meesha aad joogto.",
        "/thank": "Waad ku mahadsan tahay inaad ii sheegtay. Adigu khalad ma lihid.",
    },
    "ur": {
        "/%(number)s": "کیا آپ اس وقت خطرے میں ہیں؟ اگر ہاں، تو براہ کرم %(number)s پر فون کریں۔",
        "/back": (
            "آپ کسی بھی وقت واپس آ سکتے ہیں۔ اس چیٹ کا کچھ بھی محفوظ نہیں رہتا، اس لیے آپ نئے سرے سے شروع کریں گے۔"
        ),
        "/clear": "جانے سے پہلے: کیا کوئی یہ فون یا کمپیوٹر دیکھتا ہے؟ “ختم کریں اور مٹا دیں” چیٹ کو مٹا دیتا ہے۔",
        "/danger": "کیا آپ اس وقت خطرے میں ہیں؟ اگر ہاں، تو براہ کرم پولیس یا ایمبولینس کو فون کریں۔",
        "/else": "کیا آپ کچھ اور پوچھنا چاہیں گے؟",
        "/hello": "السلام علیکم، آپ ایک مشیر سے بات کر رہے ہیں۔ کیا اس وقت لکھنا آپ کے لیے محفوظ ہے؟",
        "/help": "اس وقت کس چیز سے آپ کی سب سے زیادہ مدد ہوگی؟",
        "/here": "انتظار کرنے کا شکریہ۔ میں اب یہاں ہوں۔ جتنا وقت چاہیے لیں۔",
        "/hide": "اگر آپ کو فوراً جانا پڑے تو “یہ صفحہ چھپائیں” دبائیں۔ اس سے یہ چیٹ ختم ہو کر مٹ جاتی ہے۔",
        "/more": "کیا آپ مجھے اس کے بارے میں کچھ اور بتانا چاہیں گے؟",
        "/name": "آپ کو اپنا نام یا یہ بتانے کی ضرورت نہیں کہ آپ کہاں ہیں۔",
        "/thank": "مجھے بتانے کا شکریہ۔ اس میں آپ کا کوئی قصور نہیں۔",
    },
    "zh": {
        "/%(number)s": "您此刻有危险吗？如果有，请拨打 %(number)s。",
        "/back": "您可以随时回来。这次聊天的内容不会保留，所以您会重新开始。",
        "/clear": "在您离开之前：有人会看这部手机或电脑吗？“结束并清除”会删除聊天。",
        "/danger": "您此刻有危险吗？如果有，请打电话报警或叫救护车。",
        "/else": "您还有什么想问的吗？",
        "/hello": "您好，我是顾问。您现在写字安全吗？",
        "/help": "现在什么对您最有帮助？",
        "/here": "谢谢您的等待。我现在在这里。请慢慢来。",
        "/hide": "如果您必须马上离开，请按“隐藏此页”。这会结束并删除这次聊天。",
        "/more": "您愿意再多告诉我一些吗？",
        "/name": "您不必告诉我您的姓名或您在哪里。",
        "/thank": "谢谢您告诉我。这不是您的错。",
    },
}
"""Those with a name, in the languages that ship; buttons are called as on the reader's page. The rest are an owner's to
write: `ready_in` of site.toml."""
_SHORTCUT = re.compile(r"(/\S+)\s+(?=\S)")


@dataclass(frozen=True)
class Ready:
    """An answer often given, and what an adviser types to get it: `/hello`; nothing where it has no such name."""

    shortcut: str
    text: str


def ready_answers(site: Site, language: str = "") -> Mapping[str, tuple[Ready, ...]]:
    """Answers often given, by group, in the language of the reader where there are any.

    Those of site.toml; else the usual ones, with the number this site calls. An answer that begins with a slash and a
    word is got by typing them.
    """
    language = language or site.language
    chosen = site.chat and (site.chat.ready_in.get(language) or site.chat.ready)
    if chosen:
        return {group: tuple(map(_ready, answers)) for group, answers in chosen.items()}
    speak = _IN.get(language, {})
    groups = {group: tuple(_ready(one, speak) for one in answers) for group, answers in _READY.items()}
    if site.emergency:
        called = _ready(_CALL, speak)
        call = Ready(*(words % {"number": site.emergency.number} for words in (called.shortcut, called.text)))
        ways = (Ready("", way) for way in _ways(site.emergency, language))
        groups[_DANGER] = (call, *ways, *groups[_DANGER][1:])
    return groups


def _ready(written: str, speak: Mapping[str, str] = MappingProxyType({})) -> Ready:
    """An answer as it is written, or what `speak` has for its name."""
    shortcut = _SHORTCUT.match(written)
    return Ready(shortcut[1], speak.get(shortcut[1], written[shortcut.end() :])) if shortcut else Ready("", written)


def emergency_steps(site: Site) -> tuple[str, ...]:
    """What an adviser does for somebody in danger now, a step each."""
    number = site.emergency.number if site.emergency else "the police, or an ambulance"
    return (
        f"Ask: are you in danger at this moment, and can you call {number}?",
        *(_ways(site.emergency) if site.emergency else ()),
        f"Ask where they are only if you are to call {number} for them.",
        f"Call {number} yourself. Tell your supervisor.",
    )


def _ways(emergency: Emergency, language: str = "en") -> tuple[str, ...]:
    ways = (emergency.silent, emergency.text)
    return tuple(in_language(way, language) for way in ways if way)


@dataclass(frozen=True)
class Line:
    """One message as the desk shows it; `name` says whose it is."""

    number: int
    who: Who
    name: str
    text: str


def lines(messages: Iterable[Message], me: str) -> list[Line]:
    """The messages as the desk shows them to the colleague called `me`."""
    return [_line(message, me) for message in messages]


def lines_of_practice(messages: Iterable[Message]) -> list[Line]:
    """The messages as whoever plays the reader sees them: without notes."""
    names = {"reader": "You, as the reader", "adviser": "Adviser"}
    told = (message for message in messages if message.who != "note")
    return [replace(_line(message, ""), name=names.get(message.who, "")) for message in told]


def card(contact: Contact) -> str:
    """A contact as an adviser sends it."""
    phone = f"{contact.phone} ({contact.phone_note})" if contact.phone and contact.phone_note else contact.phone
    text = f"Text {contact.text}" if contact.text else None
    return "\n".join(part for part in (contact.name, phone, text, contact.hours, contact.url) if part)


def _line(message: Message, me: str) -> Line:
    text = EVENTS[message.who].format(message.author) if message.who in EVENTS else message.text
    return Line(message.number, message.who, _name(message, me), text)


def _name(message: Message, me: str) -> str:
    match message.who:
        case "reader":
            return "Reader"
        case "note":
            return f"Note from {message.author}"
        case "adviser":
            return "You" if message.author == me else message.author or "Adviser"
        case _:
            return ""

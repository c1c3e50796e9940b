# SPDX-License-Identifier: Apache-2.0
"""The phrases that sentences.py puts together, all written for this project."""

ENGLISH = {
    "who": [
        "the old gardener", "a tired engineer", "my neighbour's daughter", "the committee", "Dr. Alvarez", "nobody",
        "an astonishingly patient librarian", "the night train's conductor", "she", "our smallest cat", "the compiler",
        "a group of thirty-seven students", "the mayor of Springfield", "his ex-colleague O'Neill", "the GPU",
    ],
    "did": [
        "planted four rows of beans", "rewrote the whole scheduler", "couldn't find the missing key", "ate the last apple",
        "measured the temperature of the lake", "forgot to close the window", "won the chess tournament",
        "re-elected the same treasurer", "translated the letter into Portuguese", "was sleeping under the piano",
        "bought a second-hand violin", "disagreed about the budget", "photographed an eclipse", "sang off-key",
        "computed the eigenvalues of a sparse matrix", "misread the instructions",
    ],
    "where": [
        "in the garden behind the school", "at the station", "on a ship near Reykjavik", "in the server room",
        "under the bridge", "somewhere between Prague and Vienna", "at home", "in chapter 12", "on the third floor",
    ],
    "when": [
        "yesterday", "before the rain began", "in 1987", "every other Thursday", "at 6:45 a.m.", "after a long silence",
        "last winter", "while the others were waiting", "just once", "during the power cut",
    ],
    "said": [
        "That is not what I meant", "The results look promising", "We should leave now", "It's raining again",
        "Nothing works without coffee", "This bridge was built by hand", "I have never seen so many birds",
    ],
}  # fmt: skip

LANGUAGES = {
    "German": [
        "Der Zug nach München fährt heute später ab.", "Über den Dächern der Stadt kreisten zwölf Störche.",
        "Die Straßenbahnhaltestelle wurde gestern geschlossen.", "Wer hat die Äpfel gegessen?", "Fußgängerübergänge",
        "Sie öffnete das Fenster, weil es drinnen zu heiß war.", "GROẞE ÜBERRASCHUNG!",
    ],
    "French": [
        "L'été dernier, nous avons loué une maison près de la forêt.", "Où est passée la clé du garage ?",
        "Le garçon a mangé une crème brûlée à Noël.", "« C'est déjà fini », dit-elle.", "Cœur, sœur, bœuf, œuvre.",
        "Il pleut depuis trois jours et la rivière déborde.", "Ça m'étonnerait qu'il vienne.",
    ],
    "Polish": [
        "Żółta łódka płynie po spokojnym jeziorze.", "Gdzie są moje książki?", "W piątek pójdziemy do teatru z babcią.",
        "Źrebię biegło przez łąkę aż do zmierzchu.", "Dziękuję, wszystko w porządku.", "Ćma krążyła wokół lampy.",
    ],
    "Turkish": [
        "İstanbul'da yağmur yağıyor.", "Çocuklar bahçede şarkı söylüyordu.", "Işığı kapatmayı unutma!",
        "Dün gece geç saatlere kadar çalıştık.", "Küçük köpeğimiz çok gürültücü.", "DİYARBAKIR IĞDIR",
    ],
    "Vietnamese": [
        "Hôm nay trời nắng đẹp.", "Tôi thích uống cà phê sữa đá vào buổi sáng.", "Chúng ta sẽ gặp nhau ở nhà ga.",
        "Con mèo nhỏ đang ngủ trên ghế.", "Bạn có thể nói chậm hơn được không?", "Nguyễn Thị Ánh mua ba quả xoài.",
    ],
    "Greek": [
        "Η θάλασσα ήταν ήρεμη σήμερα το πρωί.", "Πού βρίσκεται ο σταθμός;", "Ο μικρός δρόμος οδηγεί στο χωριό.",
        "ΚΑΛΗΜΕΡΑ ΣΑΣ", "Χθες μαγειρέψαμε φασολάδα.", "Πᾶσα ἀρχὴ δύσκολος.",
    ],
    "Russian": [
        "Вчера вечером мы долго гуляли по набережной.", "Где находится ближайшая библиотека?", "Ёжик нёс яблоко.",
        "Поезд опоздал на сорок минут.", "Мой сосед играет на скрипке.", "Съешь ещё этих булочек, пожалуйста.",
    ],
    "Ukrainian": [
        "Їжак живе під старою яблунею.", "Сьогодні дуже гарна погода.", "Ґанок нашого будинку пофарбували в синє.",
        "Чи є у вас свіжий хліб?", "Ми поїдемо до Львова наступного тижня.", "Він забув парасольку вдома.",
    ],
    "Arabic": [
        "ذهب الولد إلى المدرسة صباحا.", "أين تقع محطة القطار؟", "الطَّقْسُ جَمِيلٌ اليَوْمَ.", "اشترت أمي خبزا وزيتونا.",
        "القمر كامل هذه الليلة ٢٠٢٤", "لا أعرف الجواب.",
    ],
    "Hebrew": [
        "הילדה קוראת ספר ליד החלון.", "מתי יוצא האוטובוס הבא?", "שָׁלוֹם לְכֻלָּם", "אתמול ירד גשם חזק.",
        "הכלב שלנו אוהב לשחות בים.", "איפה המפתחות?",
    ],
    "Hindi": [
        "आज मौसम बहुत अच्छा है।", "मेरी बहन किताब पढ़ रही है।", "स्टेशन कहाँ है?", "हम कल सुबह बाज़ार जाएँगे।",
        "बच्चे मैदान में क्रिकेट खेल रहे हैं।", "क्षत्रिय ज्ञान श्रम १२३",
    ],
    "Thai": [
        "วันนี้อากาศดีมาก", "ฉันชอบกินข้าวผัดกับไข่", "สถานีรถไฟอยู่ที่ไหน", "แมวนอนอยู่ใต้โต๊ะ", "เราจะไปทะเลพรุ่งนี้",
        "ขอบคุณมากครับ ๑๒๓",
    ],
    "Chinese": [
        "今天天气很好，我们去公园吧。", "请问火车站在哪里？", "她每天早上喝一杯绿茶。", "图书馆星期一不开门。", "這本書很有意思！",
        "小猫在窗台上睡着了。", "𠮷野家",
    ],
    "Japanese": [
        "昨日は友達と映画を見ました。", "駅はどこですか？", "この問題はとても難しいです。", "カタカナとひらがなと漢字",
        "雨が降っているので、傘を持って行きます。", "ﾊﾝｶｸ ｶﾀｶﾅ", "がぎぐげご ぱぴぷぺぽ",
    ],
    "Korean": [
        "오늘은 날씨가 아주 좋습니다.", "도서관이 어디에 있어요?", "고양이가 의자 위에서 자고 있다.", "내일 같이 점심 먹을래요?",
        "기차가 십 분 늦게 도착했다.", "한국어 문장",
    ],
}  # fmt: skip

CODE = [
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }",
    "let total = values.reduce(0, +) // Swift",
    "def f(x: float) -> float:\n    return x ** 2 if x > 0 else -x",
    "SELECT name, COUNT(*) FROM users WHERE age >= 18 GROUP BY name;",
    "git commit -m 'fix: off-by-one' && git push origin main",
    "#include <stdio.h>\nint main(void) { return 0; }",
    "<div class=\"note\">a &lt; b</div>",
    "{\"key\": [1, 2.5, null, true], \"nested\": {\"a\": \"\\u00e9\"}}",
    "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$",
    "fn main() { println!(\"{:?}\", vec![1, 2, 3]); }",
    "kernel void add(global const float *a, global float *b) { b[get_global_id(0)] += a[get_global_id(0)]; }",
    "E = mc^2; \\int_0^1 x^2 \\, dx = \\frac{1}{3}",
    "rm -- *.tmp | xargs -0 echo > /dev/null 2>&1",
    "README.md\tCHANGELOG.md\tsrc/__init__.py",
    "if (a != b || !c) goto *label; /* why? */",
]

URL_PARTS = {
    "host": ["example.com", "www.example.org", "docs.example.net:8443", "192.0.2.17", "xn--bcher-kva.example"],
    "path": ["index.html", "a", "very-long-path-segment", "2024", "%20space", "user_name", "Größe", "v1.2.3"],
}

ODD = {
    "empty and white space": ["", " ", "   ", "\n", "\t\t", "\u00a0", "\u3000\u2003", "\u200b", "\r\n\r\n"],
    "single characters": [*"aZ7.?-_#@~é߀жщאع今のคक한", "ß", "İ", "ı", "Σ", "ŉ", "ﬁ", "Å", "🙂", "€", "\u0301", "\ufffd", "\u00ad"],
    "emoji": [
        "I love this 😍😍😍", "👩‍👩‍👧‍👦 family 👨🏽‍🚀 astronaut", "🇩🇪🇫🇷🇯🇵", "☕️ + 🥐 = ❤️", "1️⃣2️⃣3️⃣", "Party 🎉! Cake 🍰? Yes 👍🏿.",
        "¯\\_(ツ)_/¯", ":-) ;-) <3",
    ],
    "accents": [
        "cafe\u0301 and café", "a\u0300\u0301\u0302\u0303 stacked", "naïve coöperation, façade, jalapeño, Ångström",
        "Zürich Łódź Århus Málaga Þingvellir", "ĳ ǆ ﬀ ﬃ ſ", "ÀÉÎÕÜ ÇÑ", "Ḩ̸̛̲̀ȩ̷̛l̶̲̀l̴̨̛ơ̵", "Dvořák, Šostakovič, Håkan, Gonçalves",
    ],
    "special tokens": [
        "Paris is the [MASK] of France.", "[CLS] inside [SEP] a text [PAD]", "[UNK]", "[mask] [ MASK ] [MASK", "##ing is not a word",
        "[SEP]",
    ],
    "control and format characters": [
        "zero\u200bwidth\u200cjoin\u200der", "left\u200eto\u200fright \u202bembedded\u202c", "bell\u0007 and nul\u0000 inside",
        "soft\u00adhyphen", "line\u2028separator and paragraph\u2029too", "private \ue000 use", "\ufefffrom a file with a mark",
        "vertical\u000btab form\u000cfeed next\u0085line", "replacement \ufffd character",
    ],
    "punctuation": [
        "...", "!!!???", "“Quoted” — ‘and’ – dashed…", "(a) [b] {c} <d>", "don't can't won't I'd we've", "e.g. i.e. etc. vs. Mr.",
        "50€, $30, £20, ¥100 & ₹9", "C++ / C# / F# / .NET", "a_b-c.d,e;f:g", "©2024 ® ™ § ¶ † ‡", "« » ‹ › „ ‚ ¿ ¡", "、。「」・",
    ],
    "mathematics": ["∀x ∈ ℝ: x² ≥ 0", "α + β → γ ≠ δ", "𝒜𝔹𝐂 𝟏𝟐𝟑", "√2 ≈ 1.41421", "∑ᵢ aᵢ · bᵢ"],
    "other scripts": [
        "გამარჯობა მსოფლიო", "Բարեւ աշխարհ", "வணக்கம் உலகம்", "నమస్కారం", "ආයුබෝවන්", "སྐད་ཡིག", "မင်္ဂလာပါ", "ជំរាបសួរ", "ሰላም ለዓለም",
        "ᚠᚢᚦᚨᚱᚲ", "𐌰𐌱𐌲", "ᏣᎳᎩ", "বাংলা ভাষা", "ਸਤ ਸ੍ਰੀ ਅਕਾਲ", "ગુજરાતી",
    ],
    "wide and unusual": ["ＦＵＬＬ ｗｉｄｔｈ １２３", "UPPER lower MiXeD cAsE", "ⓒⓘⓡⓒⓛⓔⓓ", "tab\tseparated\tvalues", "a\nb\nc", "  padded  "],
}  # fmt: skip

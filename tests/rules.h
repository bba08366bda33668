/* A small matter with its world, for tests of the server that are not about rules: as JSON texts of the body of POST /v1/loads. */
#ifndef TB_TEST_RULES_H
#define TB_TEST_RULES_H
#define FILE_OF(path, text) "\"" path "\":\"" text "\""
#define CALENDAR "日历 全国：\\n  年度 2026，依 “测试”。\\n  放假 2026-05-01 至 2026-05-03，劳动节。\\n"
#define PEOPLE                                                                                                          \
    "组织 甲：\\n  区划 370402。\\n  机构 甲区图书馆。\\n"                                                               \
    "  人员 张受，岗位 受理员，机构 甲区图书馆。\\n  人员 李定，岗位 决定员，机构 甲区图书馆。\\n"
#define MATTER_NAMED(name)                                                                                               \
    "事项 " name "：\\n  版本 1，生效 2026-01-01，适用 申请日。\\n  事项类型 公共服务。\\n"                              \
    "  办件类型 承诺件。\\n  实施主体 甲区图书馆。\\n  办理模式 全程网办。\\n"                                           \
    "  属地 取自 「实施主体」。\\n  收到材料 以 属地收到 为准。\\n"                                                      \
    "  非工作时间网上提交 视为 当日收到。\\n  法定期限 5个工作日，自 受理 至 决定。\\n"                                  \
    "  岗位 受理员、决定员，在 属地。\\n\\n文书：\\n  受理单，记 受理。\\n  借书证，记 决定。\\n\\n"                     \
    "环节 受理：\\n  办理人 受理员。\\n  期限 2个工作日，自 收到材料。\\n"                                               \
    "  材料齐全的，出具 受理单，转 制证。\\n  不合要求的，载明 理由，办结 不予受理。\\n"                                 \
    "  逾期的，视为 受理，出具 受理单，转 制证。\\n\\n"                                                                  \
    "环节 制证：\\n  办理人 决定员。\\n  期限 3个工作日。\\n  制好的，出具 借书证，办结 发证。\\n"
#define WORLD_FILES FILE_OF("日历/全国.tb", CALENDAR) "," FILE_OF("组织/甲.tb", PEOPLE)
#endif

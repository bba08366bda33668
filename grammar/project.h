/* The names of several texts at once: what one text means by a name that another defines, and all the places that must change with it.
 *
 * A text that defines no 一般行政许可 means that of the texts it refers to (引用), the nearest first; a matter, an organ or a law that none of them
 * holds is the one of that name among all texts, since 发起, 清单 and 依 name such things without referring to their files. The steps, posts and
 * documents of a template are also its users' (套用): what 转 审查 means in a matter may stand in the template, and renaming it there must reach the
 * matter. The outputs of a decision table are names in the conditions of the matters that adopt it. */
#ifndef TB_PROJECT_H
#define TB_PROJECT_H
#include "names.h"

typedef struct tb_project_link { /* `from` refers to `to` by 引用; numbers of texts */
    uint32_t from, to;
} tb_project_link;

typedef struct tb_project { /* filled by the caller up to `links`, then by tb_project_read */
    tb_arena *arena;
    const tb_sources *sources;
    const tb_tree *const *trees; /* by file */
    uint32_t count;
    enum tb_lang lang; /* of refusals */
    TB_LIST(tb_project_link) links;
    tb_mentions *names; /* by file */
    uint32_t **reach;   /* by file: itself, then what it refers to, the nearest first; UINT32_MAX ends */
} tb_project;

typedef struct tb_project_use {
    uint32_t file;
    tb_mention mention; /* of the thing asked about: its stem and sort are sure */
} tb_project_use;
typedef TB_LIST(tb_project_use) tb_project_uses;

/* Reads the names of all texts. Under tb_try(), like all below. */
void tb_project_read(tb_project *p);
/* Every place that names what stands at a byte of a text, by file and place; empty: nothing is named there. */
tb_project_uses tb_project_uses_at(tb_project *p, uint32_t file, uint32_t offset);
/* The first of them that defines it; NULL: none does. */
const tb_project_use *tb_project_definition(const tb_project_uses *uses);
/* May it be called otherwise? *why says why not. */
bool tb_project_can_rename(tb_project *p, const tb_project_uses *uses, tb_str *why);
/* The edits that do so, in all texts, by file and place. false: *why. */
bool tb_project_rename(tb_project *p, const tb_project_uses *uses, tb_str name, tb_edits *edits, tb_str *why);
#endif

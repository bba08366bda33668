/* See walk.h. */
#include "walk.h"
#include "digest.h"
#include <stdio.h>
#include <string.h>

/* {"effects":[…],"state":{…}}: inside a JSON string every quote has a backslash before it, so the first plain
 * ,"state":{ is the member. */
tb_str tb_state_in(tb_str outcome) {
    static const char mark[] = ",\"state\":";
    const char *p = memmem(outcome.p, outcome.n, mark, sizeof mark - 1);
    if (!p || outcome.n < 2) return TB_NONE;
    p += sizeof mark - 1;
    return (tb_str){p, (uint32_t)(outcome.p + outcome.n - 1 - p)};
}

int tb_walk_begin(tb_walk *w, const tb_registry *r, tb_str id, bool digests) {
    *w = (tb_walk){
        .registry = r, .id = id, .digests = digests, .arenas = {tb_arena_new(NULL, 0), tb_arena_new(NULL, 0)}};
    if (w->arenas[0] && w->arenas[1]) return TB_OK;
    tb_walk_end(w);
    return TB_NOMEM;
}

void tb_walk_end(tb_walk *w) {
    tb_arena_free(w->arenas[0]);
    tb_arena_free(w->arenas[1]);
    w->arenas[0] = w->arenas[1] = NULL;
    w->state = NULL;
}

void tb_walk_again(tb_walk *w, tb_str id) {
    w->id = id;
    w->state = NULL;
    w->version = NULL;
    w->outcome = NULL;
}

typedef struct job {
    tb_walk *w;
    const tb_event_row *row;
    tb_arena *a;
} job;

static int differ(tb_walk *w, const tb_event_row *row, const char *what) {
    snprintf(w->why, sizeof w->why, "第 %lld 个事件（记录号 %lld）：%s", (long long)row->seq, (long long)row->leaf,
             what);
    return TB_FAILED;
}

static int step(void *arg) {
    job *j = arg;
    tb_walk *w = j->w;
    const tb_event_row *row = j->row;
    tb_outcome *o;
    if (row->semantics != TB_SEMANTICS) return differ(w, row, "语义版本不同，本程序不能重演");
    if (!w->version && !(w->version = tb_registry_version(w->registry, row->program)))
        return differ(w, row, "找不到它的事项版本");
    if (!(w->world = tb_registry_world_at(w->registry, row->world))) return differ(w, row, "找不到它的日历和组织");
    int rc = tb_event_read(j->a, row->body, &w->event);
    if (rc == TB_NOMEM) return rc;
    if (rc) return differ(w, row, "事件内容读不懂");
    rc = tb_step(j->a, w->version->program, w->id, w->state, &w->event, &w->world->env, &o);
    if (rc) return rc;
    w->outcome = o;
    if (o->refused) {
        tb_str text = tb_refusal_text(j->a, &o->refusal, TB_LANG_ZH);
        snprintf(w->why, sizeof w->why, "第 %lld 个事件（记录号 %lld）：记录为接受，重演被拒绝：%s %.*s",
                 (long long)row->seq, (long long)row->leaf, tb_refusal_name(o->refusal.code), TB_FMT(text));
        return TB_FAILED;
    }
    w->state = o->next;
    if (!w->digests) return TB_OK;
    uint8_t digest[32];
    char got[TB_SM3_HEX + 1], want[TB_SM3_HEX + 1];
    tb_buf b;
    tb_buf_init(&b, j->a);
    tb_outcome_write(&b, o);
    w->written = tb_buf_str(&b);
    tb_sm3(w->written.p, w->written.n, digest);
    if (memcmp(digest, row->outcome, sizeof digest) == 0) return TB_OK;
    tb_hex(digest, 32, got);
    tb_hex(row->outcome, 32, want);
    snprintf(w->why, sizeof w->why, "第 %lld 个事件（记录号 %lld）：结果摘要不同：记录 %s，重演 %s",
             (long long)row->seq, (long long)row->leaf, want, got);
    return TB_FAILED;
}

int tb_walk_step(tb_walk *w, const tb_event_row *row) {
    int other = 1 - w->turn;
    tb_arena_reset(w->arenas[other]);
    int rc = tb_try(w->arenas[other], step, &(job){w, row, w->arenas[other]});
    if (rc == TB_NOMEM) snprintf(w->why, sizeof w->why, "内存不足");
    if (rc == TB_OK) w->turn = other;
    return rc;
}

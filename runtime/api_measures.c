/* How the server is: GET /healthz for whoever decides whether requests should come here, GET /metrics for whoever watches it
 * over time (Prometheus' text format).
 *
 * healthz answers 503 while writes fail, are in doubt, or have stopped for good, and says since when and why. It comes back by itself:
 * while batches fail, the commit tries with a mark of its own (commit.h). A wall clock that stands behind the log is told, but is no reason
 * to stay away: events then bear the time of the last one until the clock has caught up (M12). */
#include "server_parts.h"
#include <stdio.h>

/* ---- health ---- */

static int write_health(void *arg) {
    tb_call *c = arg;
    tb_server *s = c->server;
    tb_str *out = c->more = TB_NEW(c->arena, tb_str);
    tb_commit_health h = tb_commit_health_now(s->commit);
    bool well = h.state == TB_COMMIT_STATE_OPEN && !h.failing;
    char now[TB_TIME_TEXT];
    int64_t behind = s->wall - tb__now(s);
    tb_buf b;
    tb_buf_init(&b, c->arena);
    tb_putf(&b, "{\"status\":\"%s\",\"store\":\"%s\",\"now\":\"%s\",\"leaf\":%lld,\"versions\":%u,\"test_clock\":%s", well ? "ok" : "degraded",
            h.state == TB_COMMIT_STATE_OPEN && h.failing ? "failing" : tb_commit_state_name(h.state),
            tb_time_text(tb__event_time(s), now), (long long)tb_store_last(s->store).leaf, tb_registry_count(s->registry),
            s->o.test_clock ? "true" : "false");
    if (behind > TB_CLOCK_BEHIND) tb_putf(&b, ",\"clock_behind_ms\":%lld", (long long)behind);
    if (!well) tb_putf(&b, ",\"failing_ms\":%lld,\"failed_batches\":%llu", (long long)h.failing_ms, (unsigned long long)h.failing);
    if (h.why && *h.why) {
        tb_puts(&b, ",\"last_failure\":");
        tb_json_put_text(&b, tb_str_z(h.why));
    }
    tb_puts(&b, "}");
    *out = tb_buf_str(&b);
    c->problem.status = well ? 200 : 503;
    return TB_OK;
}

void tb__get_health(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (c && tb__try(c, write_health)) tb__answer(c, c->problem.status, NULL, *(tb_str *)c->more);
}

/* ---- measures ---- */

static void put_numbers(tb_buf *b, tb_server *s) {
    tb_commit_health h = tb_commit_health_now(s->commit);
    tb_store_stats store = tb_store_stats_now(s->store);
    tb_http_stats http = tb_http_server_stats(s->http);
    tb_cases_stats cases = tb_cases_now(s->cases);
    tb_outbox_stats outbox = tb_outbox_now(s->outbox);
    int64_t behind = s->wall - tb__now(s);
    const struct {
        const char *name, *type, *help;
        double value;
    } all[] = {
        {"tongban_acts_total", "counter", "acts accepted and on disk", (double)s->counters.acts},
        {"tongban_submissions_total", "counter", "cases begun", (double)s->counters.submissions},
        {"tongban_repeats_total", "counter", "repeated requests answered as before", (double)s->counters.repeats},
        {"tongban_refused_total", "counter", "acts refused", (double)s->counters.refused},
        {"tongban_failed_total", "counter", "acts whose batch failed", (double)s->counters.failed},
        {"tongban_timers_total", "counter", "timers stepped", (double)s->counters.timers},
        {"tongban_loads_total", "counter", "loads activated", (double)s->counters.loads},
        {"tongban_logins_total", "counter", "sessions begun", (double)s->counters.logins},
        {"tongban_logins_failed_total", "counter", "wrong passwords", (double)s->counters.logins_failed},
        {"tongban_accesses_total", "counter", "readings of personal data in the clear, on record", (double)s->counters.accesses},
        {"tongban_versions", "gauge", "versions of matters loaded", tb_registry_count(s->registry)},
        {"tongban_leaf", "gauge", "events in the log on disk", (double)tb_store_last(s->store).leaf},
        {"tongban_clock_behind_seconds", "gauge", "by how much the wall clock stands behind the last event", behind > 0 ? (double)behind / 1e3 : 0},
        {"tongban_commit_batches_total", "counter", "transactions", (double)h.batches},
        {"tongban_commit_writes_total", "counter", "writes in them", (double)h.writes},
        {"tongban_commit_failed_total", "counter", "batches that failed", (double)h.failed},
        {"tongban_commit_failing", "gauge", "batches that failed since the last one that did not", (double)h.failing},
        {"tongban_commit_queued", "gauge", "writes waiting", h.queued},
        {"tongban_commit_in_flight", "gauge", "writes in the batch under way", h.in_flight},
        {"tongban_outbox_sent_total", "counter", "calls sent to interfaces", (double)outbox.sent},
        {"tongban_outbox_answered_total", "counter", "answers stepped into cases", (double)outbox.answered},
        {"tongban_outbox_failed_total", "counter", "calls that failed", (double)outbox.failed},
        {"tongban_outbox_dead_total", "counter", "calls left to an operator", (double)outbox.dead},
        {"tongban_outbox_under_way", "gauge", "calls under way", outbox.under_way},
        {"tongban_outbox_circuits_open", "gauge", "interfaces that are not called because they fail", outbox.open_circuits},
        {"tongban_wal_bytes", "gauge", "bytes of the write-ahead log", (double)store.wal_bytes},
        {"tongban_checkpoints_passive_total", "counter", "checkpoints finished in the background", (double)store.checkpoints_passive},
        {"tongban_checkpoints_forced_total", "counter", "checkpoints finished by the writer", (double)store.checkpoints_forced},
        {"tongban_cache_bytes", "gauge", "bytes of cached cases, and of memory kept for the next acts", (double)cases.bytes},
        {"tongban_cache_loose_bytes", "gauge", "of them, of cases still as their last act made them", (double)cases.loose},
        {"tongban_cache_entries", "gauge", "cached cases", cases.entries},
        {"tongban_cache_hits_total", "counter", "cases found in memory", (double)cases.hits},
        {"tongban_cache_misses_total", "counter", "cases read from the store", (double)cases.misses},
        {"tongban_feed_followers", "gauge", "followers of the feed", tb_feed_followers(s->feed)},
        {"tongban_feed_lag", "gauge", "events that the slowest of them has still to be told", (double)tb_feed_lag(s->feed)},
        {"tongban_http_connections", "gauge", "connections open", http.open},
        {"tongban_http_in_work", "gauge", "requests not yet answered", http.in_work},
        {"tongban_http_requests_total", "counter", "requests", (double)http.requests},
        {"tongban_http_refused_total", "counter", "requests refused before they were read", (double)http.refused},
        {"tongban_http_timed_out_total", "counter", "of these, too slow", (double)http.timed_out},
        {"tongban_http_turned_away_total", "counter", "connections above the limit", (double)http.turned_away},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tb_putf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", all[i].name, all[i].help, all[i].name, all[i].type, all[i].name, all[i].value);
}

static int write_metrics(void *arg) {
    tb_call *c = arg;
    tb_server *s = c->server;
    tb_str *out = c->more = TB_NEW(c->arena, tb_str);
    tb_buf b;
    tb_buf_init(&b, c->arena);
    put_numbers(&b, s);
    tb_puts(&b, "# HELP tongban_refusals_total acts refused by the rules, by reason (tongban explain CODE)\n"
                "# TYPE tongban_refusals_total counter\n");
    for (int i = 1; i < TB_R_COUNT; i++)
        if (s->counters.refusals[i])
            tb_putf(&b, "tongban_refusals_total{code=\"%s\"} %llu\n", tb_refusal_name((enum tb_refusal_code)i),
                    (unsigned long long)s->counters.refusals[i]);
    tb_measure_write(&b, "tongban_act_seconds", "from reading an act to its answer, the commit included", &s->act_seconds);
    tb_measure_write(&b, "tongban_commit_seconds", "from handing a batch to the store to its answer", tb_commit_seconds(s->commit));
    tb_measure_write(&b, "tongban_commit_batch", "writes in a batch", tb_commit_sizes(s->commit));
    tb_measure_write(&b, "tongban_timer_late_seconds", "how long after its due time a timer was stepped", &s->timer_late);
    *out = tb_buf_str(&b);
    return TB_OK;
}

void tb__get_metrics(tb_server *s, tb_http_request *req) {
    tb_call *c = tb__call_new(s, req);
    if (!c || !tb__try(c, write_metrics)) return;
    tb_str out = *(tb_str *)c->more;
    tb_state *work = c->work;
    tb_http_answer(req, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, out.p, out.n);
    tb_state_drop(work);
}

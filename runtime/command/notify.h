/* Telling the supervisor (systemd, sd_notify(3)): ready, stopping, a status line, "still alive". The protocol is one datagram of
 * NAME=VALUE lines to the socket named by NOTIFY_SOCKET; without that variable nobody asked, and nothing is sent. Spoken here, not by libsystemd:
 * sd_notify(3) itself shows how, so that a program need not link a library for a datagram. */
#ifndef TB_NOTIFY_H
#define TB_NOTIFY_H
#include <stdbool.h>
#include <stdint.h>

bool tb_notify(const char *lines); /* "READY=1\nSTATUS=…"; false: nobody asked, or he did not take it */
/* How often, in ms, he wants to hear WATCHDOG=1: half of what he waits (WATCHDOG_USEC, for this process). 0: never. */
int64_t tb_notify_every(void);
#endif

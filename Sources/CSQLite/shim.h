#include <sqlite3.h>

// Calls of SQLite with a variable list of arguments, which Swift cannot make.

/// Leaves out the count of allocated bytes, for which every allocation would take one lock.
///
/// Returns SQLITE_OK, or SQLITE_MISUSE once SQLite was used in the process.
static inline int nave_sqlite_without_memory_status(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

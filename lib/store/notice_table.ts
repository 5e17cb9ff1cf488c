import type { DatabaseAccess } from "./connection.ts";
import type { NoticeStore, QueuedNotice } from "./notices.ts";

/** The notice store in the tables `notice`, `notice_time` and `used_link`. */
export function noticeStoreOn(database: DatabaseAccess): NoticeStore {
  return {
    add: ({ target, content, created }, max) =>
      database.write(({ db }) => {
        db.exec(
          "INSERT INTO notice (target, content, created, tries, due) VALUES (?, ?, ?, 0, ?)",
          target,
          content,
          created,
          created,
        );
        return db.prepare(
          "DELETE FROM notice WHERE id <= " +
            "(SELECT id FROM notice ORDER BY id DESC LIMIT 1 OFFSET ?)",
        ).run(max);
      }),
    due: (now, limit) =>
      database.read(({ db }) =>
        db.prepare("SELECT * FROM notice WHERE due <= ? ORDER BY id LIMIT ?")
          .all<QueuedNotice>(now, limit)
      ),
    backlog: () =>
      database.read(({ db }) => {
        const [count, oldest] = db.prepare("SELECT count(*), min(created) FROM notice")
          .value<[number, number | null]>()!;
        return oldest === null ? undefined : { count, oldest };
      }),
    postpone: (id, due) =>
      database.write(({ db }) => {
        db.exec("UPDATE notice SET tries = tries + 1, due = ? WHERE id = ?", due, id);
      }),
    remove: (id) =>
      database.write(({ db }) => {
        db.exec("DELETE FROM notice WHERE id = ?", id);
      }),
    lastTime: (subject) =>
      database.read(({ db }) =>
        db.prepare("SELECT time FROM notice_time WHERE subject = ?").value<[number]>(subject)?.[0]
      ),
    setTime: (subject, time) =>
      database.write(({ db }) => {
        db.exec("REPLACE INTO notice_time VALUES (?, ?)", subject, time);
      }),
    removeOld: (before) =>
      database.write(({ db }) => {
        db.exec("DELETE FROM notice_time WHERE time < ?", before);
        db.exec("DELETE FROM used_link WHERE expires < ?", before);
      }),
    useLink: (tag, expires) =>
      database.write(({ db }) =>
        db.prepare("INSERT OR IGNORE INTO used_link VALUES (?, ?)").run(tag, expires) > 0
      ),
    isUsed: (tag) =>
      database.read(({ db }) =>
        db.prepare("SELECT 1 FROM used_link WHERE tag = ?").value(tag) !== undefined
      ),
  };
}

// A tap on an inline button is answered by the bot in its own time: here the two find each other.
const PATIENCE_SECONDS = 15;

/** query id -> the answer that came before anybody asked, or the function that waits for it */
const early = new Map();
const waiting = new Map();

/** The bot answered the tap with this query id. */
export function answered(query, answer) {
  const wake = waiting.get(query);
  if (wake) wake(answer);
  else early.set(query, answer);
}

/** What the bot answers to this tap: {text, show_alert, url?}, or null when it takes too long. */
export function answerTo(query) {
  if (early.has(query)) {
    const answer = early.get(query);
    early.delete(query);
    return Promise.resolve(answer);
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => done(null), PATIENCE_SECONDS * 1000);
    const done = (answer) => {
      clearTimeout(timer);
      waiting.delete(query);
      resolve(answer);
    };
    waiting.set(query, done);
  });
}

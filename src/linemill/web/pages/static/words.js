/* Numbers in words: the table of pages/formats.py. */

let ahead = 0; // seconds by which this machine's clock is ahead of the server's

/** Goes by the server's clock from now on. */
export function setClock(at) {
  ahead = Date.now() / 1000 - at;
}

function fixed(number, places) {
  return number.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

function threeDigits(number) {
  const unit = ["", "k", "M", "G"].find((_, at) => number / 1000 ** at < 999.5) ?? "T";
  number /= 1000 ** " kMGT".indexOf(unit || " ");
  return fixed(number, number < 9.995 ? 2 : number < 99.95 ? 1 : 0) + unit;
}

function size(number) {
  if (number < 0) return "–";
  if (number < 999.5) return `${fixed(number, 0)} B`;
  const unit = ["k", "M", "G"].find((_, at) => number / 1000 ** (at + 1) < 999.5) ?? "T";
  number /= 1000 ** (1 + "kMGT".indexOf(unit));
  return `${fixed(number, number < 9.95 || unit === "T" ? 1 : 0)} ${unit}B`;
}

function seconds(number) {
  if (number < 0.9995) return `${fixed(number * 1000, 0)} ms`;
  if (number < 59.95) return `${fixed(number, number < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(number);
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)];
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function ago(at) {
  const now = Date.now() / 1000 - ahead;
  const away = Math.round(Math.abs(now - at));
  if (away < 2) return "now";
  const [, unit, length] = [[60, "s", 1], [3600, "min", 60], [172_800, "h", 3600]].find(([limit]) => away < limit) ?? [0, "d", 86_400];
  const text = `${Math.floor(away / length)} ${unit}`;
  return at <= now ? `${text} ago` : `in ${text}`;
}

const count = (number) => fixed(number, 0);
const compact = (number) => (number < 999.5 ? fixed(number, 0) : threeDigits(number));
const rate = (number) => (number >= 0.005 ? `${threeDigits(number)}/s` : "0/s");

export const words = {
  count,
  compact,
  some: (number) => (number ? compact(number) : ""),
  dead: (number) => (number ? `✕ ${compact(number)} dead` : ""),
  rate,
  flow: (number) => (number >= 0.005 ? rate(number) : ""),
  bytes: size,
  seconds,
  ago,
  clock: (at) => new Date(at * 1000).toISOString().slice(0, 19).replace("T", " "),
};

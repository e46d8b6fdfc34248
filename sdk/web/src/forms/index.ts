// Forms in the browser: the very rules that the server decides by, for what shows while one types.
export { numberText } from "./numbers";
export { form } from "./plan";
export type { Answers, Evaluation, Form, State } from "./plan";

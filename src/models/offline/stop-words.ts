/** Words of goals and of task prompts that say what to do, not what to look for. Stemmed like everything they are compared with. */
const words = `
a about above across app application codebase program service add after again against all almost alone along already also although always am among an and another answer any anyone anything are around as ask at away
back base based be because become been before began begin behind being below best better between big both brief briefly but by call came can cannot case check citation cite cited clear clearly code come concise contain could cover create
day detail did different directory do document does done down during each either else end enough even ever every everything evidence exact exactly example explain extract
far few file find finding first focus folder follow following for form format found from full further gather gave get give given go goal good got great had has have help her here high him his how however
i if important in include input inside instead into is it item its job just keep kind know large last later least left less let like likely line list listed little long look low
made main make many mark markdown material matter may me mean merge might more most much must my name named near need never new next no none nor not note nothing now number
of off often old on once one only onto open or order other our out output over overall own part partial path per perhaps piece place please point possible present probably problem project prompt provide put question quick quote quoted
rank ranked rather read really reason relevant repo report repository request respective result return review rule run said same say scan search second section see seem seen sentence set several shall she short should show simple since single so some something sort source split start state step still such suggest summarise summarize summary sure
take task tell text than that the their them then there these they thing think this those though three through thus time to today together too tool top total toward try turn two type
under unit until up upon us use used useful using very via want was way we well were what when where whether which while who whole whose why will with within without word work workspace would write written yes yet you your
`;

const stopWords: ReadonlySet<string> = new Set(words.split(/\s+/).filter((word) => word !== ''));

export function isStopWord(word: string): boolean {
  return stopWords.has(word);
}

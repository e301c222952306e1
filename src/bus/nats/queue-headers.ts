/** The id of a message: the server's own header for the dedupe window. */
export const idHeader = 'Nats-Msg-Id';
/** On a dead letter, where the server's header names the burial: subject, id and reason of the message. */
export const deadSubjectHeader = 'Flock-Subject';
export const deadIdHeader = 'Flock-Id';
export const deadReasonHeader = 'Flock-Reason';

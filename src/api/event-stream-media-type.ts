// The media type of server-sent events, apart from their writer so that the client need not load it.

export const eventStreamMediaType = 'text/event-stream';

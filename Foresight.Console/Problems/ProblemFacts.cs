using Foresight.Protocol;

namespace Foresight.Console.Problems;

/// <param name="HeardAt">Its last heartbeat.</param>
public sealed record MissingNode(string NodeId, string Kind, DateTimeOffset HeardAt);

/// <param name="Outage">Why no Api node answers; null while one does.</param>
/// <param name="OutageSince">Time of the last answer, or of the first attempt.</param>
/// <param name="Head">Null until it was read once.</param>
/// <param name="Missing">
/// Nodes that were announced, are silent or not announced any more, and were not replaced by as many of their kind.
/// </param>
public sealed record ProblemFacts(
    DateTimeOffset Now,
    AdminOverview? Overview,
    string? Outage,
    DateTimeOffset? OutageSince,
    HeadMoves? Head,
    IReadOnlyList<MissingNode> Missing
);

/// <param name="LastAt">When the chain's head last moved, or was first read.</param>
/// <param name="UsualPause">Between two moves; null until it has moved once.</param>
/// <param name="StoodFor">How long it had stood when settlement's holder last reported; null if the Api does not have it.</param>
public sealed record HeadMoves(DateTimeOffset LastAt, TimeSpan? UsualPause, TimeSpan? StoodFor = null);

using Foresight.Protocol;

namespace Foresight.Cluster.Proof;

/// <param name="Kind">One of <see cref="NodeKinds"/>.</param>
public sealed record ProvenNode(string Id, string Kind);

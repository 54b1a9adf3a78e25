using Foresight.Protocol;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Checks;

/// <summary>
/// Whatever callers take for the shown leader was shown by a node, and not long ago. Compares with what nodes have shown, and reads no
/// signature, so it holds the production's own check to account.
/// </summary>
internal sealed class BelievedLeases(World world)
{
    /// <summary>
    /// True age at which no reader may believe a record: its duration, and what a promotion may do to the database's clock, twice.
    /// </summary>
    private static readonly TimeSpan TooOld = SimulatedNode.LeaseDuration + TimeSpan.FromSeconds(7);

    private readonly Dictionary<LeaseRecord, long> _shown = [];
    private readonly Dictionary<string, Guid> _tokens = [];

    public void Shown(LeaseRecord record, string signed)
    {
        _shown[record] = world.Timeline.Now;
        _tokens[signed] = record.Token;
    }

    /// <summary>True if the value is one with which a node has shown this tenure.</summary>
    public bool IsShown(string? value, Guid token) => value is not null && _tokens.TryGetValue(value, out var shown) && shown == token;

    /// <param name="named">The term that Postgres named to the reader last; null before it named one.</param>
    public void Leads(LeaseRecord record, LeaseRecord? named)
    {
        if ((record.Epoch, record.Token, record.Address) != (named?.Epoch, named?.Token, named?.Address))
            throw world.Violated(
                "a lease of another term than Postgres named leads nobody",
                $"callers go to {record.Address} of epoch {record.Epoch}, and Postgres has named {named?.Address} of epoch {named?.Epoch}"
            );
    }

    public void Believed(LeaseRecord record)
    {
        if (!_shown.TryGetValue(record, out var at))
            throw world.Violated(
                "a forged lease leads nobody",
                $"callers go to {record.Address} by a lease that no node has shown: {record}"
            );
        if (world.Timeline.Now - at > TooOld.Ticks)
            throw world.Violated(
                "an old lease leads nobody",
                $"callers go to {record.Address}, the leader of epoch {record.Epoch} long ago"
            );
    }
}

using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Lets other processes find the leader and its address without asking Postgres. It decides nothing: what stands there may be missing, old
/// or forged. Implemented by Redis and by the simulator.
/// </summary>
public interface ILeaseBoard
{
    /// <summary>Overwrites whatever stands there. Neither waits nor fails: the next renewal shows the record again.</summary>
    void Show(string resource, LeaseRecord record);

    /// <summary>Leaves another record alone, because the next leader may have shown its own meanwhile. Wakes the followers.</summary>
    Task WithdrawAsync(string resource, LeaseRecord record);
}

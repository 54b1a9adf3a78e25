using Foresight.Api.MarketData;
using Foresight.Cluster;
using Foresight.Matching.Gateway;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;
using Foresight.Simulation.Vault;

namespace Foresight.Simulation.Mutants;

internal class Mutant
{
    public virtual IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => real;

    public virtual ILeadershipTable Table(World world, SimulatedSessions primary) => new SimulatedLeadershipTable(world, primary);

    public virtual ILeaderTask Work(ILeaderTask real, SimulatedNodeParts parts) => real;

    public virtual ILeaseBoard Board(ILeaseBoard real) => real;

    public virtual Func<string, LeaseRecord?> Leases(LeaseHints hints) => value => hints.Read(LeasedResources.Matching, value);

    public virtual Func<byte[], ReadOnlyMemory<byte>?> Messages(MessageVerifier verifier) =>
        message => verifier.Open(message, out var content) == SealFault.None ? content : (ReadOnlyMemory<byte>?)null;

    public virtual bool IsNamed(LeaseHints hints, LeaseRecord shown) => hints.IsNamed(LeasedResources.Matching, shown);

    public virtual Task<IReadOnlyDictionary<LeaderCommand, Task<CommandGuard.Refusal?>>?> RefusalsAsync(
        CommandGuard guard,
        World world,
        ConnectedNode peer,
        CommandBatch batch
    ) => guard.RefusalsAsync(peer, batch, CancellationToken.None);

    public virtual QueuedCommand? Read(LeaderCommand command, long deadline) => QueuedCommand.Read(command, deadline);

    public virtual bool IsOut(PutOutNodes putOut, ConnectedNode peer) => putOut.Contains(peer.Node.Id, peer.Host);

    public virtual FeedItem Heard(FeedItem item) => item;

    public virtual bool Admits(JournalGate gate, FeedItem item) => gate.Admits(item);

    public virtual bool IsCoSigned(SimulatedChain chain, Grant grant) => chain.Granted.ContainsKey((grant.Of.Account, grant.Nonce));

    /// <param name="confirmed">What is free in the newest confirmed block, with what co-signatures took of it.</param>
    /// <param name="left">The same at the head, with what trades took that the engine still holds for them.</param>
    public virtual long Observed(long confirmed, long left, PurseAmounts purse) => Math.Min(confirmed, left);

    public virtual long FirmUntil(Block confirmed, Block head) => confirmed.Time + SimulatedChain.Quarter;

    /// <summary>Seconds until then by the chain's own clock.</summary>
    public virtual long FirmLeft(long until, Block head) => Math.Max(0, until - head.Time);

    public virtual long FirmTrades => SimulatedChain.FirmTrades;

    public virtual bool TermsComeFirst => false;

    /// <param name="known">What was observed last.</param>
    public virtual bool ObservesAgain(long known) => true;

    public virtual bool IsBust(VaultTrade trade) => false;

    public virtual long FinalBlock(Block head) => head.Number - SimulatedChain.FinalityBlocks;

    public virtual SimulatedClock Clock(Timeline timeline, Process process, double rate) => new(timeline, process, rate);
}

using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;

namespace Foresight.Simulation.Mutants;

internal abstract class JournalDecorator(IJournal real) : IJournal
{
    public virtual Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken) =>
        real.FindAsync(requests, cancellationToken);

    public virtual Task<Committed> ExecuteAsync(JournalTransaction transaction) => real.ExecuteAsync(transaction);

    public virtual IAsyncEnumerable<EngineSnapshot> SnapshotsAsync(CancellationToken cancellationToken) =>
        real.SnapshotsAsync(cancellationToken);

    public virtual IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(
        long from,
        long through,
        CancellationToken cancellationToken
    ) => real.CommandsAsync(from, through, cancellationToken);

    public virtual IAsyncEnumerable<(AccountId Id, Address Address)> AccountsAsync(CancellationToken cancellationToken) =>
        real.AccountsAsync(cancellationToken);

    public virtual IAsyncEnumerable<LiveOrder> LiveOrdersAsync(Accounts accounts, CancellationToken cancellationToken) =>
        real.LiveOrdersAsync(accounts, cancellationToken);

    public virtual Task<List<Market>> ListedMarketsAsync(CancellationToken cancellationToken) => real.ListedMarketsAsync(cancellationToken);

    public virtual Task<List<Market>> MarketsToChangeAsync(CancellationToken cancellationToken) =>
        real.MarketsToChangeAsync(cancellationToken);

    public virtual IAsyncEnumerable<(Guid RequestId, DateTime Until)> FailedCommandsAsync(CancellationToken cancellationToken) =>
        real.FailedCommandsAsync(cancellationToken);

    public virtual IAsyncEnumerable<MinuteVolume> VolumesAsync(CancellationToken cancellationToken) => real.VolumesAsync(cancellationToken);
}

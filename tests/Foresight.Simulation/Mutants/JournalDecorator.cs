using Foresight.Matching.Journal;
using Foresight.Matching.Sequencing;
using Foresight.Chain;
using Foresight.Matching.Engine;

namespace Foresight.Simulation.Mutants;

/// <summary>Passes everything on.</summary>
internal abstract class JournalDecorator(IJournal real) : IJournal
{
    public virtual Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellation) => real.FindAsync(requests, cancellation);

    public virtual Task<Committed> ExecuteAsync(JournalTransaction transaction) => real.ExecuteAsync(transaction);

    public virtual IAsyncEnumerable<EngineSnapshot> SnapshotsAsync(CancellationToken cancellation) => real.SnapshotsAsync(cancellation);

    public virtual IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(long from, long through, CancellationToken cancellation) =>
        real.CommandsAsync(from, through, cancellation);

    public virtual IAsyncEnumerable<(AccountId Id, Address Address)> AccountsAsync(CancellationToken cancellation) => real.AccountsAsync(cancellation);

    public virtual IAsyncEnumerable<LiveOrder> LiveOrdersAsync(Accounts accounts, CancellationToken cancellation) =>
        real.LiveOrdersAsync(accounts, cancellation);

    public virtual Task<List<Market>> MarketsAsync(bool listed, CancellationToken cancellation) => real.MarketsAsync(listed, cancellation);

    public virtual IAsyncEnumerable<(Guid RequestId, DateTime Until)> FailedCommandsAsync(CancellationToken cancellation) =>
        real.FailedCommandsAsync(cancellation);

    public virtual IAsyncEnumerable<MinuteVolume> VolumesAsync(CancellationToken cancellation) => real.VolumesAsync(cancellation);
}

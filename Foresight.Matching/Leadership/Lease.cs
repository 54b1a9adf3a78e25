using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The right to do a resource's work for one term. The work never checks it before a write, because such a check is outdated by the time of
/// the write: the fence checks in the same round trip as the write.
/// </summary>
public sealed class Lease
{
    private readonly Action<string> _report;

    internal Lease(Term term, ITermSessions sessions, CancellationToken lost, CancellationToken stopping, Action<string> report)
    {
        Term = term;
        Sessions = sessions;
        Lost = lost;
        Stopping = stopping;
        _report = report;
    }

    public Term Term { get; }

    /// <summary>
    /// The next holder terminates these sessions before anything else, so a holder that hangs in a transaction cannot block it. Disposed of
    /// with the lease.
    /// </summary>
    internal ITermSessions Sessions { get; }

    /// <summary>For work that writes to Postgres without a journal. A simulated term has no such sessions.</summary>
    /// <exception cref="InvalidOperationException">The term is simulated.</exception>
    public NpgsqlDataSource Database =>
        (Sessions as PostgresSessions)?.Database ?? throw new InvalidOperationException("This term has no Postgres sessions.");

    /// <summary>Stop at once when it is cancelled: the lease is lost or can no longer be trusted, and another node may lead.</summary>
    public CancellationToken Lost { get; }

    /// <summary>
    /// When it is cancelled, finish what is under way, accept nothing new, and return: the lease is then released, and the next leader need
    /// not wait for its end.
    /// </summary>
    public CancellationToken Stopping { get; }

    public void ReportRecovered() => _report(FailoverPhases.Recovered);

    public void ReportFirstAcknowledgement() => _report(FailoverPhases.FirstAcknowledgement);
}

public interface ILeaderTask
{
    /// <summary>
    /// Must return soon after <see cref="Lease.Lost"/> or <see cref="Lease.Stopping"/>, because the lease is released only then. An
    /// exception releases it too; the work is retried under a new term, on this node or another.
    /// </summary>
    Task LeadAsync(Lease lease);
}

using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The right to do a resource's work for one term, passed to the work as a value. It signals when to stop. The work never checks it before
/// a write, because such a check is outdated by the time of the write: the fence checks in the same round trip as the write.
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
    /// Connections to the primary for this term's writes. The next holder terminates their sessions before anything else, so a holder that
    /// hangs in a transaction cannot block it. Disposed of with the lease.
    /// </summary>
    internal ITermSessions Sessions { get; }

    /// <summary>The data source of the <see cref="Sessions"/>, for work that writes to Postgres without a journal.</summary>
    public NpgsqlDataSource Database =>
        (Sessions as PostgresSessions)?.Database ?? throw new InvalidOperationException("This term has no Postgres sessions.");

    /// <summary>Cancelled when the lease is lost or can no longer be trusted: stop at once.</summary>
    public CancellationToken Lost { get; }

    /// <summary>
    /// Cancelled when the process is asked to stop: finish what is under way, accept nothing new, and return. The lease is then released.
    /// </summary>
    public CancellationToken Stopping { get; }

    public void ReportRecovered() => _report(FailoverPhases.Recovered);

    public void ReportFirstAcknowledgement() => _report(FailoverPhases.FirstAcknowledgement);
}

public interface ILeaderTask
{
    /// <summary>
    /// Works until <see cref="Lease.Lost"/> or <see cref="Lease.Stopping"/>, then returns. An exception also releases the lease; the work
    /// is retried under a new term, on this node or another.
    /// </summary>
    Task LeadAsync(Lease lease);
}

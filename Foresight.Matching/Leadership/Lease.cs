using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The right to do a resource's work for one term, passed as a value to the work. It says when to stop; it never has to be asked whether
/// it is still good before a write, because the fence asks that in the same round trip as the write.
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
    /// Connections to the primary for this term's writes. The next holder ends their sessions first thing, so a transaction of a holder
    /// that hangs cannot block it. Disposed of with the lease.
    /// </summary>
    internal ITermSessions Sessions { get; }

    /// <summary>The <see cref="Sessions"/>, for work that writes to Postgres by itself.</summary>
    public NpgsqlDataSource Database =>
        (Sessions as PostgresSessions)?.Database
        ?? throw new InvalidOperationException("The sessions of this term are not with a Postgres server.");

    /// <summary>The lease is gone or can no longer be trusted: stop at once.</summary>
    public CancellationToken Lost { get; }

    /// <summary>The process is asked to end: finish what is under way, take nothing new, and return. The lease is then released.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>The work can go on from where the term before left it; it is now done.</summary>
    public void ReportRecovered() => _report(FailoverPhases.Recovered);

    /// <summary>The first result of this term was given away.</summary>
    public void ReportFirstAcknowledgement() => _report(FailoverPhases.FirstAcknowledgement);
}

/// <summary>Work that exactly one node does at a time.</summary>
public interface ILeaderTask
{
    /// <summary>
    /// Runs until <see cref="Lease.Lost"/> or <see cref="Lease.Stopping"/> and then returns. An exception gives the lease up as well;
    /// the work is tried again, here or elsewhere, under a new term.
    /// </summary>
    Task LeadAsync(Lease lease);
}

using Foresight.Matching.Leadership;

namespace Foresight.Simulation.Postgres;

/// <summary>
/// Must have the statements, limits and failures of <see cref="PostgresLeadershipTable"/>, or the simulation proves nothing about it.
/// </summary>
internal class SimulatedLeadershipTable(World world, SimulatedSessions primary) : ILeadershipTable
{
    /// <summary>A node that finds its own lease must have bid by this many readings, half a second apart at most.</summary>
    private const int ReadingsOfAnOwnLease = 6;

    private readonly HashSet<Guid> _own = [];
    private int _ownInARow;

    protected SimulatedPostgres Server => world.Postgres;

    protected SimulatedSessions Primary => primary;

    public virtual async Task<TermHolder?> ReadAsync(string resource, CancellationToken cancellationToken)
    {
        var holder = await AskAsync(_ => Server.ReadHolder(), RoundTrip.LookLimit, cancellationToken);
        // Read between terms only, so a lease of this process belongs to no running term. A read-only server cannot take it back.
        _ownInARow = holder is { Age: not null } && _own.Contains(holder.Version.Token) && !Server.Faults.ReadOnly ? _ownInARow + 1 : 0;
        if (_ownInARow >= ReadingsOfAnOwnLease)
            throw world.Violated(
                "a lease is somebody's",
                $"{primary.Process.Name} leads no more, and a lease of its own keeps everybody waiting"
            );
        return holder;
    }

    public virtual Task<long> EndSessionsAsync(string resource, HolderVersion dead, CancellationToken cancellationToken) =>
        AskAsync(session => EndSessions(session, dead), RoundTrip.TakeOverLimit, cancellationToken);

    public virtual async Task<TakenTerm?> TakeAsync(
        NewHolder holder,
        HolderVersion? dead,
        TimeSpan lockTimeout,
        CancellationToken cancellationToken
    )
    {
        _own.Add(holder.Token);
        _ownInARow = 0;
        var sentAt = primary.Process.Ran;
        var taken = await primary.UseAsync(
            connection =>
                connection.RequestAsync(
                    () => Server.TakeAsync(connection.Session, holder, dead, lockTimeout),
                    RoundTrip.TakeOverLimit,
                    cancellationToken
                ),
            cancellationToken
        );
        if (taken is not null)
            Confirmed(sentAt);
        return taken;
    }

    public async Task<RenewOutcome> RenewAsync(Term term)
    {
        var sentAt = primary.Process.Ran;
        var renewed = await primary.UseAsync(connection =>
            connection.RequestAsync(() => Server.RenewAsync(connection.Session, term), RoundTrip.LookLimit)
        );
        if (renewed)
            world.Invariants.Renewed(primary.Process, sentAt);
        return renewed ? RenewOutcome.Renewed : RenewOutcome.NotOurs;
    }

    /// <summary>No operator acts in a simulation.</summary>
    public Task<bool> IsDrainedAsync(string nodeId, CancellationToken cancellationToken) => Task.FromResult(false);

    public Task ReleaseAsync(Term term) =>
        primary.UseAsync(connection => connection.RequestAsync(() => Server.ReleaseAsync(connection.Session, term), RoundTrip.LookLimit));

    public virtual Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken) =>
        AskAsync(
            _ =>
                Server.Tables.Leadership is not { } row
                || row.Token != token
                || Server.Sessions.Any(session => session.Name == row.SessionName),
            timeout: null,
            cancellationToken
        );

    public Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken) =>
        AskAsync(_ => true, timeout: null, cancellationToken);

    protected void Confirmed(TimeSpan sentAt)
    {
        world.Invariants.Renewed(primary.Process, sentAt);
        world.Trace.Add(primary.Process.Name, "won the lease");
    }

    private Task<T> AskAsync<T>(Func<Session, T> atServer, TimeSpan? timeout, CancellationToken cancellationToken) =>
        primary.UseAsync(
            connection => connection.RequestAsync(() => Task.FromResult(atServer(connection.Session)), timeout, cancellationToken),
            cancellationToken
        );

    private long EndSessions(Session asker, HolderVersion dead)
    {
        if (Server.Tables.Leadership is not { } row || SimulatedPostgres.VersionOf(row) != dead)
            return 0;
        var ended = 0L;
        foreach (var session in Server.Sessions.Where(session => session != asker && session.Name == row.SessionName).ToList())
        {
            Server.Terminate(session);
            ended++;
        }

        return ended;
    }
}

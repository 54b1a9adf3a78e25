using Foresight.Matching.Leadership;

namespace Foresight.Simulation.Postgres;

/// <summary>The leadership row by a node's own connections, a round trip each as <see cref="PostgresLeadershipTable"/> makes them.</summary>
internal class SimulatedLeadershipTable(World world, SimulatedSessions primary) : ILeadershipTable
{
    protected SimulatedPostgres Server => world.Postgres;

    protected SimulatedSessions Primary => primary;

    public virtual Task<long> EndSessionsOfHolderAsync(string resource, CancellationToken cancellation) =>
        primary.UseAsync(connection => connection.RequestAsync(() => EndSessions(connection.Session), cancellation), cancellation);

    public virtual Task<(Term Term, string? PreviousNodeId)> TakeAsync(NewHolder holder, TimeSpan lockTimeout, CancellationToken cancellation) =>
        primary.UseAsync(
            async connection =>
            {
                var (epoch, previous) = await connection.RequestAsync(() => Server.TakeAsync(connection.Session, holder, lockTimeout), timeout: null, cancellation);
                return (new Term(holder.Resource, epoch, holder.Token, holder.NodeId), previous);
            },
            cancellation);

    public Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellation) => primary.UseAsync(
        connection => connection.RequestAsync(
            () => Server.Tables.Leadership is not { } row || row.Token != token || Server.Sessions.Any(session => session.Name == row.SessionName),
            cancellation),
        cancellation);

    public Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellation) =>
        primary.UseAsync(connection => connection.RequestAsync(() => true, cancellation), cancellation);

    private long EndSessions(Session asker)
    {
        var ended = 0L;
        foreach (var session in Server.Sessions.Where(session => session != asker && session.Name == Server.Tables.Leadership?.SessionName).ToList())
        {
            Server.Terminate(session);
            ended++;
        }

        return ended;
    }
}

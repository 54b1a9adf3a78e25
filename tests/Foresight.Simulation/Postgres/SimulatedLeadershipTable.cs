using Foresight.Matching.Leadership;

namespace Foresight.Simulation.Postgres;

internal class SimulatedLeadershipTable(World world, SimulatedSessions primary) : ILeadershipTable
{
    protected SimulatedPostgres Server => world.Postgres;

    protected SimulatedSessions Primary => primary;

    public virtual Task<long> EndSessionsOfHolderAsync(string resource, CancellationToken cancellationToken) =>
        primary.UseAsync(
            connection => connection.RequestAsync(() => EndSessions(connection.Session), cancellationToken),
            cancellationToken
        );

    public virtual Task<(Term Term, string? PreviousNodeId)> TakeAsync(
        NewHolder holder,
        TimeSpan lockTimeout,
        CancellationToken cancellationToken
    ) =>
        primary.UseAsync(
            async connection =>
            {
                var (epoch, previous) = await connection.RequestAsync(
                    () => Server.TakeAsync(connection.Session, holder, lockTimeout),
                    timeout: null,
                    cancellationToken
                );
                return (new Term(holder.Resource, epoch, holder.Token, holder.NodeId), previous);
            },
            cancellationToken
        );

    public Task<bool> SessionLivesAsync(string resource, Guid token, CancellationToken cancellationToken) =>
        primary.UseAsync(
            connection =>
                connection.RequestAsync(
                    () =>
                        Server.Tables.Leadership is not { } row
                        || row.Token != token
                        || Server.Sessions.Any(session => session.Name == row.SessionName),
                    cancellationToken
                ),
            cancellationToken
        );

    public Task RecordPhasesAsync(Term term, IReadOnlyDictionary<string, double> phases, CancellationToken cancellationToken) =>
        primary.UseAsync(connection => connection.RequestAsync(() => true, cancellationToken), cancellationToken);

    private long EndSessions(Session asker)
    {
        var ended = 0L;
        foreach (
            var session in Server
                .Sessions.Where(session => session != asker && session.Name == Server.Tables.Leadership?.SessionName)
                .ToList()
        )
        {
            Server.Terminate(session);
            ended++;
        }

        return ended;
    }
}

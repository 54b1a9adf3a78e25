using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Matching.Leadership;

public interface ITermSessions : IAsyncDisposable;

public interface ILeaderSessions
{
    ITermSessions Open(Term term);
}

/// <summary>Each term has its own application_name, so that the next holder can terminate exactly these sessions and no others.</summary>
public sealed class LeaderSessions(PrimaryServers servers, ILoggerFactory loggers) : ILeaderSessions
{
    /// <summary>Enough for commits, look-ups and a snapshot at the same time, with a spare one.</summary>
    private const int MaximumConnections = 6;

    /// <summary>Postgres truncates application_name to 63 bytes, and the next holder would then not find the sessions.</summary>
    private const int MaximumNameLength = 63;

    /// <summary>
    /// A plan made while a table was still small, or before its first ANALYZE, would read all of it on each batch until the next one;
    /// planning each time costs as much as the statement (docs/decisions/0417).
    /// </summary>
    private const string PlansForFewRows =
        "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

    public static string NameOf(string resource, Guid token)
    {
        var name = $"foresight-{resource}-{token:N}";
        return name.Length <= MaximumNameLength ? name : name[^MaximumNameLength..];
    }

    // Reconciliation compares whole ranges, for which the planner's own choice is right.
    ITermSessions ILeaderSessions.Open(Term term) =>
        new PostgresSessions(() => Open(NameOf(term.Resource, term.Token), term.Resource == LeasedResources.Reconciliation));

    public NpgsqlDataSource Open(string sessionName, bool readsRanges = false)
    {
        var settings = new NpgsqlConnectionStringBuilder(servers.Settings.ConnectionString)
        {
            ApplicationName = sessionName,
            MinPoolSize = 1,
            MaxPoolSize = MaximumConnections,
            Timeout = 3,
            CommandTimeout = (int)RoundTrip.Limit.TotalSeconds,
            // Do not wait for a cancelled command: the next term terminates its session.
            CancellationTimeout = -1,
            // A rebuild's queries may run long, so only TCP can distinguish a busy server from one that is gone: after 2 s of silence it
            // sends a probe each second and gives up at the ninth without an answer. Milliseconds.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 2_000,
            TcpKeepAliveInterval = 1_000,
            // No code here changes session state, so a returned connection needs no reset.
            NoResetOnClose = true,
            // Identifies the statement that failed; without it a failed commit is always in doubt.
            IncludeFailedBatchedCommand = true,
            Options = $"{servers.Settings.Options} {(readsRanges ? "" : PlansForFewRows)}".Trim(),
            MaxAutoPrepare = 80,
            AutoPrepareMinUsages = 2,
        };
        return servers.OpenPinned(settings, sessionName, loggers);
    }
}

/// <param name="open">
/// Called on first use, because just after a promotion only the attempt to take the term shows which server is the primary.
/// </param>
internal sealed class PostgresSessions(Func<NpgsqlDataSource> open) : ITermSessions
{
    private readonly Lazy<NpgsqlDataSource> _database = new(open);

    public NpgsqlDataSource Database => _database.Value;

    public ValueTask DisposeAsync() => _database.IsValueCreated ? _database.Value.DisposeAsync() : ValueTask.CompletedTask;
}

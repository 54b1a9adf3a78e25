using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>A term's own connections to the store of the truth. Disposed of with the term.</summary>
public interface ITermSessions : IAsyncDisposable;

/// <summary>Opens a term's own connections. To Postgres, and in the simulator.</summary>
public interface ILeaderSessions
{
    ITermSessions Open(string sessionName);
}

/// <summary>
/// Makes a term's own connections to the primary. Their application_name is the term's alone, so that the next holder can end exactly
/// these sessions and no others.
/// </summary>
public sealed class LeaderSessions(PrimaryServers servers, ILoggerFactory loggers) : ILeaderSessions
{
    /// <summary>A term's commits, its look-ups, a snapshot and a spare one.</summary>
    private const int MaximumConnections = 6;

    /// <summary>Postgres cuts longer names off, and the sessions would not be found.</summary>
    private const int MaximumNameLength = 63;

    public static string NameOf(string resource, Guid token)
    {
        var name = $"foresight-{resource}-{token:N}";
        return name.Length <= MaximumNameLength ? name : name[^MaximumNameLength..];
    }

    ITermSessions ILeaderSessions.Open(string sessionName) => new PostgresSessions(() => Open(sessionName));

    public NpgsqlDataSource Open(string sessionName)
    {
        var settings = new NpgsqlConnectionStringBuilder(servers.Settings.ConnectionString)
        {
            ApplicationName = sessionName,
            MinPoolSize = 1,
            MaxPoolSize = MaximumConnections,
            Timeout = 3,
            CommandTimeout = (int)RoundTrip.Limit.TotalSeconds,
            // A command that is late is not waited for any longer: the next term ends its session.
            CancellationTimeout = -1,
            // What a rebuild reads may take long to come, so only TCP can tell a server that works from one that is gone: a peer that
            // answers none of nine questions, after two seconds and then each second, is gone. Milliseconds.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 2_000,
            TcpKeepAliveInterval = 1_000,
            // Nothing of ours changes session state, so a returned connection needs no reset.
            NoResetOnClose = true,
            // Tells which statement failed, without which no failed commit is certain.
            IncludeFailedBatchedCommand = true,
            MaxAutoPrepare = 40,
            AutoPrepareMinUsages = 2,
        };
        return servers.OpenPinned(settings, sessionName, loggers);
    }
}

/// <param name="open">Called when first needed: just after a promotion, where the
/// primary is may be found out only by taking the term.</param>
internal sealed class PostgresSessions(Func<NpgsqlDataSource> open) : ITermSessions
{
    private readonly Lazy<NpgsqlDataSource> _database = new(open);

    public NpgsqlDataSource Database => _database.Value;

    public ValueTask DisposeAsync() => _database.IsValueCreated ? _database.Value.DisposeAsync() : ValueTask.CompletedTask;
}

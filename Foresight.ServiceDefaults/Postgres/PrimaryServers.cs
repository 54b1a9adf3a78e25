using Microsoft.Extensions.Logging;
using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Finds the primary among the configured servers and connects to no other: each new connection reads the server's timeline.
/// docs/decisions/0310-old-primaries-are-refused.md describes what this prevents and what it cannot.
/// </summary>
public sealed class PrimaryServers : IAsyncDisposable
{
    /// <summary>Limit on one server's answer in a survey; a slower server is left out of it.</summary>
    public static readonly TimeSpan AnswerBound = TimeSpan.FromSeconds(1.5);

    private readonly PostgresAddress _address;
    private readonly TimelineGuard _guard;
    private readonly TimelineHint? _hint;
    private readonly NpgsqlDataSource[] _asked;
    private readonly Lazy<Task> _firstSurvey;
    private readonly List<WeakReference<NpgsqlDataSource>> _opened = [];
    private volatile ServerPlace _current;

    /// <param name="hint">Null if the observations of other processes are not available.</param>
    public PrimaryServers(PostgresAddress address, TimelineGuard guard, TimelineHint? hint)
    {
        (_address, _guard, _hint) = (address, guard, hint);
        _current = address.Candidates[0];
        _asked = address.Candidates.Count == 1 ? [] : [.. address.Candidates.Select(AskerOf)];
        _firstSurvey = new Lazy<Task>(() => SurveyAsync(CancellationToken.None));
        guard.Raised += LetGo;
    }

    /// <summary>For a program or a test without Redis, and so without the observations of other processes.</summary>
    public static PrimaryServers Alone(PostgresAddress address, ILoggerFactory loggers) =>
        new(address, new TimelineGuard(loggers.CreateLogger<TimelineGuard>()), hint: null);

    public NpgsqlConnectionStringBuilder Settings => new(_address.Primary.ConnectionString);

    /// <summary>Completes after the first survey; no connection is made before it.</summary>
    public Task FirstSurvey => _firstSurvey.Value;

    public ServerPlace Current => _current;

    /// <summary>Asks every server, and Redis, which one is the primary. Faults count as answers; throws only if cancelled.</summary>
    public async Task SurveyAsync(CancellationToken cancellationToken)
    {
        if (_hint is not null)
            await _hint.ExchangeAsync(_guard, cancellationToken);
        var answers = await Task.WhenAll(_asked.Select(source => AskAsync(source, cancellationToken)));
        // The highest timeline first, because it decides about the others.
        foreach (var (place, timeline) in _address.Candidates.Zip(answers).OrderByDescending(one => one.Second?.Number ?? 0))
        {
            if (timeline is not { } seen)
                continue;
            try
            {
                _guard.Admit(place.ToString(), seen);
                _current = place;
            }
            catch (TimelineRefusedException)
            {
                // The guard has logged the refusal.
            }
        }
    }

    /// <summary>Opens a data source whose connections go to the server that is the primary at the time of each.</summary>
    public NpgsqlDataSource Open(NpgsqlConnectionStringBuilder settings, string name, ILoggerFactory loggers)
    {
        if (_address.Candidates.Count == 1)
            return Track(BuilderOf(settings, name, loggers, pin: null).Build());
        settings.Host = string.Join(',', _address.Candidates);
        // The driver caches a server's role for this long; a restarted primary would go unnoticed until then.
        settings.HostRecheckSeconds = 1;
        return Track(BuilderOf(settings, name, loggers, pin: null).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary));
    }

    /// <summary>
    /// Opens a data source for one term, pinned to the present primary and timeline: its connections fail after a promotion, even behind
    /// the same host name. A term that moved to the new primary would continue from state that the new primary may lack.
    /// </summary>
    public NpgsqlDataSource OpenPinned(NpgsqlConnectionStringBuilder settings, string name, ILoggerFactory loggers)
    {
        (settings.Host, settings.Port) = (_current.Host, _current.Port);
        return Track(BuilderOf(settings, name, loggers, new Pin()).Build());
    }

    public async ValueTask DisposeAsync()
    {
        _guard.Raised -= LetGo;
        foreach (var source in _asked)
            await source.DisposeAsync();
    }

    private NpgsqlDataSourceBuilder BuilderOf(NpgsqlConnectionStringBuilder settings, string name, ILoggerFactory loggers, Pin? pin)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name };
        builder.UseLoggerFactory(loggers);
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                _firstSurvey.Value.GetAwaiter().GetResult();
                Check(connection, Timeline.Of(connection), pin);
            },
            async connection =>
            {
                await _firstSurvey.Value;
                Check(connection, await Timeline.OfAsync(connection, CancellationToken.None), pin);
            }
        );
        return builder;
    }

    private void Check(NpgsqlConnection connection, Timeline? timeline, Pin? pin)
    {
        var place = new ServerPlace(connection.Host!, connection.Port);
        if (timeline is not { } seen)
        {
            // In the pool it would be used without a check once that server is promoted. A single server may be a standby: it is good for
            // reading.
            if (_address.Candidates.Count > 1)
                throw new TimelineRefusedException($"{place} is a standby.");
            return;
        }

        _guard.Admit(place.ToString(), seen);
        _current = place;
        pin?.Require(place, seen);
    }

    private NpgsqlDataSource Track(NpgsqlDataSource source)
    {
        lock (_opened)
        {
            _opened.RemoveAll(one => !one.TryGetTarget(out _));
            _opened.Add(new WeakReference<NpgsqlDataSource>(source));
        }

        return source;
    }

    /// <summary>Closes idle connections at once, and busy ones when they are returned; new ones are checked.</summary>
    private void LetGo()
    {
        lock (_opened)
        {
            foreach (var one in _opened)
                if (one.TryGetTarget(out var source))
                    source.Clear();
        }
    }

    private NpgsqlDataSource AskerOf(ServerPlace place, int index)
    {
        var settings = new NpgsqlConnectionStringBuilder(_address.Primary.ConnectionString)
        {
            Host = place.Host,
            Port = place.Port,
            ApplicationName = "foresight-survey",
            MaxPoolSize = 1,
            Timeout = 1,
            CommandTimeout = 1,
            CancellationTimeout = -1,
        };
        // Named, because the driver's metrics would show the address otherwise.
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = $"survey-{index + 1}" }.Build();
    }

    /// <returns>Null if the server is a standby or did not answer.</returns>
    private static async Task<Timeline?> AskAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync().WaitAsync(AnswerBound, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return null;
        }

        async Task<Timeline?> AskAsync()
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            return await Timeline.OfAsync(connection, cancellationToken);
        }
    }

    /// <summary>The timeline of the first connection, with which all later ones must agree.</summary>
    private sealed class Pin
    {
        private readonly Lock _gate = new();
        private Timeline? _first;

        public void Require(ServerPlace place, Timeline seen)
        {
            lock (_gate)
            {
                _first ??= seen;
                if (_first != seen)
                    throw new TimelineRefusedException(
                        $"{place} is now on timeline {seen.Number}, but this term began on timeline {_first.Value.Number}."
                    );
            }
        }
    }
}

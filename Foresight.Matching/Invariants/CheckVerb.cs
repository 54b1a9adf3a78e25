using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Invariants;

/// <c>check [--follow]</c>: checks the journal and its tables (<c>DATABASE_URL</c>) against the invariants of ARCHITECTURE.md, prints one
/// sentence per violation, and exits with 1 if there is one. <c>--follow</c> continues with new commands until it is interrupted or finds a
/// violation.
internal static class CheckVerb
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SayInterval = TimeSpan.FromSeconds(5);

    /// <summary>Sweeps read whole tables, so they also take at most a twentieth of the time.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(10);
    private const int PausePerSweep = 20;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not ([] or ["--follow"]))
            throw new SettingException("check takes nothing or --follow.");
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        // Follows a promoted standby as a node does, so that a check outlives a failover.
        await using var servers = PrimaryServers.Alone(PostgresAddress.From(configuration), NullLoggerFactory.Instance);
        var settings = servers.Settings;
        settings.ApplicationName = "foresight-check";
        await using var database = servers.Open(settings, "check", NullLoggerFactory.Instance);
        var checker = new InvariantChecker(database);
        if (arguments.Length == 0)
        {
            await checker.CheckAsync(CancellationToken.None);
            Say(checker);
            return checker.Holds ? 0 : 1;
        }

        using var interrupted = new CancellationTokenSource();
        using var onTerminate = OnSignal(PosixSignal.SIGTERM, interrupted);
        using var onInterrupt = OnSignal(PosixSignal.SIGINT, interrupted);
        try
        {
            await FollowAsync(checker, servers, interrupted.Token);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            // An interruption is the regular end of --follow.
        }

        return checker.Holds ? 0 : 1;
    }

    private static async Task FollowAsync(InvariantChecker checker, PrimaryServers servers, CancellationToken cancellationToken)
    {
        var (said, swept, pause, silent) = (0L, 0L, SweepInterval, false);
        while (true)
        {
            try
            {
                await servers.SurveyAsync(cancellationToken);
                await checker.FollowAsync(cancellationToken);
                if (checker.Holds && (swept == 0 || Stopwatch.GetElapsedTime(swept) > pause))
                {
                    var started = Stopwatch.GetTimestamp();
                    await checker.SweepAsync(cancellationToken);
                    swept = Stopwatch.GetTimestamp();
                    pause = TimeSpan.FromTicks(Math.Max(SweepInterval.Ticks, Stopwatch.GetElapsedTime(started).Ticks * PausePerSweep));
                }

                if (silent || said == 0 || !checker.Holds || Stopwatch.GetElapsedTime(said) > SayInterval)
                {
                    Say(checker);
                    said = Stopwatch.GetTimestamp();
                }

                silent = false;
                if (!checker.Holds)
                    return;
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException)
            {
                // Postgres is unavailable, or the schema does not exist yet; neither is a violation. Logged once.
                if (!silent)
                    Console.WriteLine($"waiting: the database does not answer ({error.Message.ReplaceLineEndings(" ")})");
                silent = true;
            }

            await Task.Delay(LookInterval, cancellationToken);
        }
    }

    private static void Say(InvariantChecker checker)
    {
        foreach (var sentence in checker.Violations)
            Console.WriteLine($"VIOLATION: {sentence}");
        Console.WriteLine($"{(checker.Holds ? "ok" : "broken")}: {checker}");
    }

    private static PosixSignalRegistration OnSignal(PosixSignal signal, CancellationTokenSource interrupted) =>
        PosixSignalRegistration.Create(
            signal,
            context =>
            {
                context.Cancel = true;
                interrupted.Cancel();
            }
        );
}

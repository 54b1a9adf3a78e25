using System.Text.Json;
using Foresight.Matching.Journal;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Recovery;

/// <c>replay [--shard SHARD] [--at SEQUENCE]</c>: rebuilds the engine of a shard (default 0) from the journal alone, without snapshots, and
/// prints the sequence and the state hash as one JSON object. If <c>GET /gateway/state?shard=</c> of the live engine differs at the same
/// sequence, state or journal is corrupt.
internal static class ReplayVerb
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (shard, through) = Read(arguments);
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        await using var servers = PrimaryServers.Alone(PostgresAddress.From(configuration), NullLoggerFactory.Instance);
        await using var database = servers.Open(servers.Settings, "replay", NullLoggerFactory.Instance);
        var engine = await new EngineRecovery(new PostgresJournal(database, shard), shard, NullLogger.Instance).ReplayAllAsync(
            through,
            CancellationToken.None
        );
        Console.WriteLine(
            JsonSerializer.Serialize(new { engine.Sequence, StateHash = Sequencer.Format(engine.StateHash()) }, JsonSerializerOptions.Web)
        );
        return 0;
    }

    private static (int Shard, long Through) Read(ReadOnlySpan<string> arguments)
    {
        var (shard, through) = (0, long.MaxValue);
        while (arguments.Length > 0)
        {
            if (arguments is ["--at", var at, ..] && long.TryParse(at, out var sequence) && sequence >= 0)
                through = sequence;
            else if (arguments is ["--shard", var name, ..] && int.TryParse(name, out var number) && number is >= 0 and < Shards.Maximum)
                shard = number;
            else
                throw new SettingException($"replay takes --shard SHARD (0 to {Shards.Maximum - 1}) and --at SEQUENCE, both optional.");
            arguments = arguments[2..];
        }

        return (shard, through);
    }
}

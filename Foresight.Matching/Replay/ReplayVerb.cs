using System.Text.Json;
using Foresight.Matching.Pipeline;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Replay;

/// <summary>
/// <c>replay [--at SEQUENCE]</c>: rebuilds the engine from the journal alone, without snapshots, and prints the sequence and the state hash
/// as one JSON object. Equal to <c>GET /door/state</c> of the live engine at the same sequence, or something is broken.
/// </summary>
internal static class ReplayVerb
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var through = long.MaxValue;
        if (arguments is ["--at", var text] && long.TryParse(text, out var sequence) && sequence >= 0) through = sequence;
        else if (arguments.Length > 0) throw new SettingException("replay takes nothing or --at SEQUENCE.");

        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        await using var database = NpgsqlDataSource.Create(PostgresAddress.From(configuration).Primary);
        var engine = await new Recovery(new PostgresJournal(database, shard: 0), shard: 0, NullLogger.Instance).ReplayAllAsync(through, CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(new { engine.Sequence, StateHash = Desk.Format(engine.StateHash()) }, JsonSerializerOptions.Web));
        return 0;
    }
}

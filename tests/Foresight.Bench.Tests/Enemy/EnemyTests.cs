using System.Diagnostics;
using System.Text.Json;
using Xunit.Abstractions;

namespace Foresight.Bench.Tests.Enemy;

/// <summary>
/// Runs the verb as an operator would, because its exit status shows whether every check held. The attacks and the demands are in
/// bench/Foresight.Bench/Enemy/README.md.
/// </summary>
public sealed class EnemyTests(ITestOutputHelper output)
{
    /// <summary>Covers the start, the time after the acts and the comparison with the journal, on a machine that does other work.</summary>
    private static readonly TimeSpan Besides = TimeSpan.FromMinutes(4);

    /// <summary>Of the verb: a rate or a time missed its bound, and nothing was false.</summary>
    private const int OnlyLate = 2;

    private static readonly string[] ThatMustBeZero = ["false_acks", "false_messages", "secrets_seen", "lost", "doubled"];

    [Fact]
    [Trait("Category", "Trust")]
    public async Task SomebodyWhoWritesToRedis_ForTwentySeconds_MakesNothingFalse()
    {
        var (status, written) = await RunAsync(TimeSpan.FromSeconds(20));
        Assert.True(status is 0 or OnlyLate, Broken(written));
        AssertNothingFalse(written);
    }

    [Fact]
    [Trait("Category", "Trust")]
    [Trait("Category", "Soak")]
    public async Task SomebodyWhoWritesToRedis_ForTenMinutes_MakesNothingFalse_AndNothingLate()
    {
        var (status, written) = await RunAsync(TimeSpan.FromMinutes(10));
        Assert.True(status == 0, Broken(written));
        var result = AssertNothingFalse(written);
        Assert.InRange(result.GetProperty("writes_per_s").GetDouble(), 200, double.MaxValue);
        Assert.InRange(result.GetProperty("longest_write_pause_s").GetDouble(), 0, 1);
        Assert.InRange(result.GetProperty("longest_silence_s").GetDouble(), 0, 10);
        Assert.InRange(result.GetProperty("unavailable_s").GetDouble(), 0, 10);
    }

    private static JsonElement AssertNothingFalse(string written)
    {
        var result = JsonDocument.Parse(written.Trim().Split('\n')[^1]).RootElement;
        Assert.All(ThatMustBeZero, name => Assert.Equal(0, result.GetProperty(name).GetInt64()));
        return result;
    }

    private static string Broken(string written) =>
        string.Join(Environment.NewLine, written.Split('\n').Where(line => line.StartsWith("BROKEN") || line.StartsWith("FALSE")));

    private async Task<(int Status, string Written)> RunAsync(TimeSpan acts)
    {
        var seed = Random.Shared.Next();
        string[] arguments = ["enemy", "--seconds", $"{acts.TotalSeconds:0}", "--seed", $"{seed}"];
        var start = new ProcessStartInfo("dotnet", [Repository.OutputOf("bench/Foresight.Bench"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(acts + Besides);
        var (written, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            output.WriteLine(await written + await errors);
        }

        return (process.ExitCode, await written);
    }
}

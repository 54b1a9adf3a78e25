using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// Keeps a development chain over restarts. anvil's own --state rewrites its file in place, so that a death in the middle of it, which is
/// seconds long after an hour of trading, leaves no chain at all; here it is asked for its state, and the file is replaced by a rename.
/// </summary>
internal static class ChainState
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(2) };

    public static string FileIn(string dataFolder) => Path.Combine(dataFolder, "chain.json");

    public static async Task SaveAsync(string url, string file, CancellationToken cancellationToken)
    {
        var request = new { jsonrpc = "2.0", id = 1, method = "anvil_dumpState", @params = Array.Empty<string>() };
        using var response = await Http.PostAsJsonAsync(url, request, cancellationToken);
        response.EnsureSuccessStatusCode();
        using var answer = await JsonDocument.ParseAsync(
            await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
        var hex = answer.RootElement.GetProperty("result").GetString()!;

        // The answer is compressed; --load-state reads it plain.
        await using var unpacked = new GZipStream(new MemoryStream(Convert.FromHexString(hex.AsSpan(2))), CompressionMode.Decompress);
        var draft = file + ".new";
        await using (var writing = File.Create(draft))
            await unpacked.CopyToAsync(writing, cancellationToken);
        File.Move(draft, file, overwrite: true);
    }
}

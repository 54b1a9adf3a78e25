using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Foresight.AppHost.Tests.Publish;

internal static class PublishedManifest
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private static readonly string Folder = Path.Combine(Repository.Root, "Foresight.AppHost/obj/manifest");

    public static async Task<string> TextAsync()
    {
        Directory.CreateDirectory(Folder);
        var file = Path.Combine(Folder, $"{Guid.NewGuid():N}.json");
        var start = new ProcessStartInfo(
            "dotnet",
            [typeof(DataServers).Assembly.Location, "--publisher", "manifest", "--output-path", file]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Bound);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Xunit.Assert.True(process.ExitCode == 0, await output + await errors);
        var text = await File.ReadAllTextAsync(file);
        File.Delete(file);
        return text;
    }

    public static async Task<JsonObject> ResourcesAsync() => JsonNode.Parse(await TextAsync())!["resources"]!.AsObject();
}

using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>A test only for those who ask for it by an environment variable.</summary>
public sealed class FactWhenSetAttribute : FactAttribute
{
    public FactWhenSetAttribute(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is null or "")
            Skip = $"{variable} is not set";
    }
}

/// <summary>
/// Takes the pictures of docs/images from a stack that runs elsewhere with its simulator: CONSOLE_PICTURES is the console's address,
/// ADMIN_KEY the key. See Foresight.Console/README.md.
/// </summary>
public sealed class ConsolePictures
{
    private const string Address = "CONSOLE_PICTURES";

    [FactWhenSet(Address)]
    public async Task TakeAll()
    {
        var folder = Path.Combine(RepositoryRoot(), "docs", "images");
        Directory.CreateDirectory(folder);
        var key = Environment.GetEnvironmentVariable("ADMIN_KEY") ?? throw new InvalidOperationException("ADMIN_KEY is not set");
        await using var browser = await ConsoleBrowser.StartAsync(new Uri(Environment.GetEnvironmentVariable(Address)!));

        foreach (var (appearance, suffix) in new[] { (ColorScheme.Light, ""), (ColorScheme.Dark, "-dark") })
        {
            var page = await browser.SignInAsync("Ada Lovelace", key, appearance);
            await Expect(page.GetByTestId("leader")).ToBeVisibleAsync();
            await TakeAsync(page, $"overview{suffix}");

            await page.GotoAsync("/markets");
            await page.GetByTestId("markets").GetByRole(AriaRole.Link).First.ClickAsync();
            await Expect(page.GetByTestId("ladder")).ToBeVisibleAsync();
            await Expect(page.GetByTestId("tape").GetByText("final").First).ToBeVisibleAsync();
            await TakeAsync(page, $"market{suffix}");

            await page.GotoAsync("/reconciliation");
            await Expect(page.GetByRole(AriaRole.Table, new() { Name = "Reconciliation runs" })).ToBeVisibleAsync();
            await TakeAsync(page, $"reconciliation{suffix}");
        }

        async Task TakeAsync(IPage page, string name)
        {
            // Fonts and the first second of data.
            await page.EvaluateAsync("document.fonts.ready");
            await Expect(page.Locator(".skeleton")).ToHaveCountAsync(0);
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), Animations = ScreenshotAnimations.Disabled });
        }
    }

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Foresight.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("This is not run from the repository.");
    }
}

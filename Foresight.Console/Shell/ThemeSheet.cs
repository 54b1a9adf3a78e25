using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using MudBlazor;

namespace Foresight.Console.Shell;

/// <summary>
/// The theme's variables as one style sheet of both appearances. MudThemeProvider writes one appearance into the page and asks a script
/// which; a sheet that the browser itself resolves needs no script, shows no wrong colour first, and no inline style sheet need be allowed.
/// </summary>
public sealed partial class ThemeSheet(IServiceProvider services, ILoggerFactory loggers)
{
    private const string Path = "/theme.css";

    private readonly Lazy<Task<string>> _css = new(() => RenderAsync(services, loggers));

    public Task<string> CssAsync() => _css.Value;

    /// <summary>With the hash of the content, so that browsers may keep it.</summary>
    public async Task<string> AddressAsync() =>
        $"{Path}?v={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(await CssAsync())))[..12]}";

    public static void Map(WebApplication app) =>
        app.MapGet(
                Path,
                async (ThemeSheet sheet, HttpContext context) =>
                {
                    context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
                    return Results.Text(await sheet.CssAsync(), "text/css", Encoding.UTF8);
                }
            )
            .AllowAnonymous();

    /// <summary>Colours are resolved by color-scheme; the rest (channels, opacities) follows the same choice by selector.</summary>
    public static string Combine(IReadOnlyList<KeyValuePair<string, string>> light, IReadOnlyList<KeyValuePair<string, string>> dark)
    {
        var dimmed = dark.ToDictionary();
        var all = new StringBuilder();
        var others = new StringBuilder();
        foreach (var (name, value) in light)
        {
            var other = dimmed.GetValueOrDefault(name, value);
            var isColour = Colour().IsMatch(value) && Colour().IsMatch(other);
            all.Append(name).Append(':').Append(isColour && other != value ? $"light-dark({value},{other})" : value).Append(';');
            if (!isColour && other != value)
                others.Append(name).Append(':').Append(other).Append(';');
        }

        return $":root{{{all}}}\n"
            + $"@media (prefers-color-scheme:dark){{:root[data-theme=auto]{{{others}}}}}\n"
            + $":root[data-theme=dark]{{{others}}}\n";
    }

    private static async Task<string> RenderAsync(IServiceProvider services, ILoggerFactory loggers)
    {
        await using var scope = services.CreateAsyncScope();
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, loggers);
        return Combine(await VariablesAsync(renderer, isDark: false), await VariablesAsync(renderer, isDark: true));
    }

    private static async Task<IReadOnlyList<KeyValuePair<string, string>>> VariablesAsync(HtmlRenderer renderer, bool isDark)
    {
        var parameters = new Dictionary<string, object?>
        {
            [nameof(MudThemeProvider.Theme)] = ConsoleTheme.Theme,
            [nameof(MudThemeProvider.IsDarkMode)] = isDark,
            [nameof(MudThemeProvider.ObserveSystemDarkModeChange)] = false,
        };
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<MudThemeProvider>(ParameterView.FromDictionary(parameters))).ToHtmlString()
        );
        return [.. Variable().Matches(html).Select(match => KeyValuePair.Create(match.Groups[1].Value, match.Groups[2].Value))];
    }

    [GeneratedRegex(@"^\s*(--mud-[\w-]+):\s*([^;]+);", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^(#[0-9A-Fa-f]{3,8}|rgba?\([^()]*\))$")]
    private static partial Regex Colour();
}

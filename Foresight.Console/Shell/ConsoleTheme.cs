using MudBlazor;

namespace Foresight.Console.Shell;

/// <summary>The colours are those of console.css, so that the component library's parts and our own markup look alike.</summary>
public static class ConsoleTheme
{
    private static readonly string[] Sans = ["Inter", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"];

    public static MudTheme Theme { get; } =
        new()
        {
            PaletteLight = Coloured(
                new PaletteLight(),
                new Colours
                {
                    Ground = "#f3f5f8",
                    Surface = "#ffffff",
                    Surface2 = "#f7f9fb",
                    Line = "#e1e6ed",
                    LineStrong = "#c9d1dc",
                    Text = "#17202e",
                    Text2 = "#4f5c6f",
                    Primary = "#1d4ed8",
                    OnPrimary = "#ffffff",
                    Good = "#0f7a4a",
                    Busy = "#1f5fbf",
                    Watch = "#94590a",
                    Bad = "#bd1f37",
                    OnTone = "#ffffff",
                }
            ),
            PaletteDark = Coloured(
                new PaletteDark(),
                new Colours
                {
                    Ground = "#0b0f17",
                    Surface = "#121824",
                    Surface2 = "#171f2d",
                    Line = "#232d3e",
                    LineStrong = "#33415a",
                    Text = "#e4e9f1",
                    Text2 = "#a3afc1",
                    Primary = "#7aa5ff",
                    OnPrimary = "#0b0f17",
                    Good = "#4ad295",
                    Busy = "#79b0ff",
                    Watch = "#f4b95a",
                    Bad = "#ff8193",
                    OnTone = "#0b0f17",
                }
            ),
            LayoutProperties = new LayoutProperties
            {
                DefaultBorderRadius = "6px",
                DrawerWidthLeft = "204px",
                AppbarHeight = "48px",
            },
            Typography = new Typography
            {
                Default = new DefaultTypography
                {
                    FontFamily = Sans,
                    FontSize = "0.8125rem",
                    LineHeight = "1.45",
                    LetterSpacing = "normal",
                },
                Body1 = new Body1Typography
                {
                    FontFamily = Sans,
                    FontSize = "0.8125rem",
                    LineHeight = "1.45",
                    LetterSpacing = "normal",
                },
                Body2 = new Body2Typography
                {
                    FontFamily = Sans,
                    FontSize = "0.8125rem",
                    LineHeight = "1.45",
                    LetterSpacing = "normal",
                },
                Subtitle2 = new Subtitle2Typography
                {
                    FontFamily = Sans,
                    FontSize = "0.72rem",
                    FontWeight = "500",
                    LineHeight = "1.45",
                    LetterSpacing = "normal",
                },
                Caption = new CaptionTypography
                {
                    FontFamily = Sans,
                    FontSize = "0.72rem",
                    LetterSpacing = "normal",
                },
                Button = new ButtonTypography
                {
                    FontFamily = Sans,
                    FontSize = "0.8125rem",
                    FontWeight = "550",
                    LineHeight = "1.45",
                    LetterSpacing = "normal",
                    TextTransform = "none",
                },
            },
        };

    private static T Coloured<T>(T palette, Colours of)
        where T : Palette
    {
        palette.Primary = of.Primary;
        palette.PrimaryContrastText = of.OnPrimary;
        palette.Success = of.Good;
        palette.SuccessContrastText = of.OnTone;
        palette.Info = of.Busy;
        palette.InfoContrastText = of.OnTone;
        palette.Warning = of.Watch;
        palette.WarningContrastText = of.OnTone;
        palette.Error = of.Bad;
        palette.ErrorContrastText = of.OnTone;
        palette.TextPrimary = of.Text;
        palette.TextSecondary = of.Text2;
        palette.ActionDefault = of.Text2;
        palette.Background = of.Ground;
        palette.BackgroundGray = of.Surface2;
        palette.Surface = of.Surface;
        palette.DrawerBackground = of.Surface;
        palette.DrawerText = of.Text2;
        palette.DrawerIcon = of.Text2;
        palette.AppbarBackground = of.Ground;
        palette.AppbarText = of.Text;
        palette.LinesDefault = of.Line;
        palette.LinesInputs = of.LineStrong;
        palette.Divider = of.Line;
        palette.DividerLight = of.Line;
        palette.TableLines = of.Line;
        palette.TableHover = of.Surface2;
        palette.TableStriped = of.Surface2;
        return palette;
    }

    private sealed record Colours
    {
        public required string Ground { get; init; }
        public required string Surface { get; init; }
        public required string Surface2 { get; init; }
        public required string Line { get; init; }
        public required string LineStrong { get; init; }
        public required string Text { get; init; }
        public required string Text2 { get; init; }
        public required string Primary { get; init; }
        public required string OnPrimary { get; init; }
        public required string Good { get; init; }
        public required string Busy { get; init; }
        public required string Watch { get; init; }
        public required string Bad { get; init; }
        public required string OnTone { get; init; }
    }
}

using System.Text;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Log lines scroll by; below them stand the table and the line being typed, redrawn in place.</summary>
internal sealed class TerminalScreen : IScreen
{
    private const string ClearToEnd = "\e[J";
    private const string Dim = "\e[2m";
    private const string Plain = "\e[0m";

    // Ten pictures a second: fast enough to read along, and a burst of log lines becomes one write.
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);

    private readonly LocalEngine _engine;
    private readonly Lock _drawing = new();
    private readonly StringBuilder _pending = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _drawLoop;
    private string _typed = string.Empty;
    private int _drawnLines;
    private bool _dirty = true;

    public TerminalScreen(LocalEngine engine)
    {
        _engine = engine;
        _drawLoop = Task.Run(DrawLoopAsync);
    }

    public bool ShowLogs { get; set; } = true;

    /// <summary>The command line as far as it has been typed.</summary>
    public string Typed
    {
        set
        {
            lock (_drawing)
            {
                _typed = value;
                _dirty = true;
            }
        }
    }

    public void Say(string sentence) => Append(sentence);

    public void Log(string resourceId, string line)
    {
        if (ShowLogs)
            Append($"{Dim}[{resourceId}]{Plain} {line}");
        else
            Redraw();
    }

    public void Changed(ResourceInstance instance) => Redraw();

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _drawLoop;
        Draw();
        Console.Out.Write('\n');
        _closing.Dispose();
    }

    private void Redraw()
    {
        lock (_drawing)
            _dirty = true;
    }

    private void Append(string text)
    {
        lock (_drawing)
        {
            _pending.Append(text).Append('\n');
            _dirty = true;
        }
    }

    private async Task DrawLoopAsync()
    {
        using var timer = new PeriodicTimer(Frame);
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token))
                Draw();
        }
        catch (OperationCanceledException)
        {
            // Closing; the last picture is drawn by DisposeAsync.
        }
    }

    private void Draw()
    {
        lock (_drawing)
        {
            if (!_dirty)
                return;
            _dirty = false;
            var width = Math.Max(Console.WindowWidth - 1, 20);
            // A table higher than the terminal could not be erased by moving up.
            var table = ResourceTable.Lines(_engine.Instances, width).Take(Math.Max(Console.WindowHeight - 3, 1)).ToList();
            var picture = new StringBuilder();
            if (_drawnLines > 0)
                picture.Append($"\r\e[{_drawnLines}A");
            picture.Append('\r').Append(ClearToEnd).Append(_pending);
            foreach (var line in table)
                picture.Append(line).Append('\n');
            picture.Append("> ").Append(_typed.Length < width - 2 ? _typed : _typed[^(width - 2)..]);
            _pending.Clear();
            _drawnLines = table.Count;
            Console.Out.Write(picture);
            Console.Out.Flush();
        }
    }
}

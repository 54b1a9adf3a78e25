using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.LocalHosting;

/// <summary>What a person may type while the stack runs.</summary>
internal sealed class Prompt(LocalEngine engine, IScreen screen, Action quit)
{
    private const string BuiltIns =
        "list · start X · stop X · restart X · kill X (kill -9) · logs (on or off) · quit · X is a resource or one replica of it";

    /// <summary>Ends at the end of the input.</summary>
    public void Start()
    {
        var thread = new Thread(Console.IsInputRedirected ? ReadLines : ReadKeys) { IsBackground = true, Name = "command prompt" };
        thread.Start();
    }

    private void ReadLines()
    {
        while (Console.In.ReadLine() is { } line)
            Obey(line);
    }

    private void ReadKeys()
    {
        var typed = string.Empty;
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    var line = typed;
                    typed = string.Empty;
                    Show(typed);
                    Obey(line);
                    break;
                case ConsoleKey.Backspace when typed.Length > 0:
                    typed = typed[..^1];
                    break;
                case ConsoleKey.U when key.Modifiers.HasFlag(ConsoleModifiers.Control):
                    typed = string.Empty;
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                        typed += key.KeyChar;
                    break;
            }
            Show(typed);
        }
    }

    private void Show(string typed)
    {
        if (screen is TerminalScreen terminal)
            terminal.Typed = typed;
    }

    private void Obey(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case []:
                return;
            case ["?"] or ["help"]:
                screen.Say(BuiltIns);
                foreach (var (_, command) in Declared())
                    screen.Say($"{command.DisplayName}: {command.Options.Description ?? command.Name}");
                return;
            case var said when DeclaredAs(string.Join(' ', said)) is var (instance, command):
                _ = ExecuteAsync(instance.Id, command.Name, command.DisplayName);
                return;
            case ["list"]:
                foreach (var row in ResourceTable.Lines(engine.Instances, int.MaxValue))
                    screen.Say(row);
                return;
            case ["logs"] when screen is TerminalScreen terminal:
                terminal.ShowLogs = !terminal.ShowLogs;
                screen.Say(terminal.ShowLogs ? "Logs are shown" : "Logs go to their files only");
                return;
            case ["quit"] or ["exit"]:
                quit();
                return;
            case [var verb, var target]:
                _ = ExecuteAsync(target, verb, $"{verb} {target}");
                return;
            default:
                screen.Say($"'{line}' is not understood; ? lists the commands");
                return;
        }
    }

    private async Task ExecuteAsync(string target, string command, string typed)
    {
        try
        {
            var result = await engine.ExecuteAsync(target, command, CancellationToken.None);
            screen.Say(result.Success ? $"{typed}: done" : $"{typed}: {result.ErrorMessage ?? "failed"}");
        }
        catch (Exception e)
        {
            // A command is somebody's own code; its failure is an answer to whoever typed it and not the end of the stack.
            screen.Say($"{typed}: {e.Message}");
        }
    }

    /// <summary>The declared command of this display name, and where it is run: at the resource's first replica.</summary>
    private (ResourceInstance Instance, ResourceCommandAnnotation Command)? DeclaredAs(string typed)
    {
        foreach (var (resource, command) in Declared())
            if (string.Equals(command.DisplayName, typed, StringComparison.OrdinalIgnoreCase))
                return (engine.Instances.First(i => i.Resource == resource), command);
        return null;
    }

    private IEnumerable<(IResource Resource, ResourceCommandAnnotation Command)> Declared() =>
        engine.Instances.Select(i => i.Resource).Distinct()
            .SelectMany(r => r.Annotations.OfType<ResourceCommandAnnotation>().Select(c => (r, c)));
}

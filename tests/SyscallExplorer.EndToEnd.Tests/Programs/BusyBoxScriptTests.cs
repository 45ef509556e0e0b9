using System.Text;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Scripts that Debian's BusyBox runs with its own shell and tools.</summary>
public sealed class BusyBoxScriptTests
{
    private const string Start = "cd \"$1\" && mkdir work && cd work || exit 98\n";

    public static TheoryData<string> Names()
    {
        var data = new TheoryData<string>();
        foreach (ShellScript script in BusyBoxScripts.All)
            data.Add(script.Name);
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void A_busybox_script_does_what_it_does_on_the_host(string name)
    {
        ShellScript script = BusyBoxScripts.All.Single(s => s.Name == name);
        NativeAndKit.CompareHere(new ProgramCall(BusyBox.Path, "sh", "-c", Start + script.Text, "sh", NativeAndKit.Folder)
        {
            Input = Encoding.UTF8.GetBytes(script.Input),
            Options = script.RunsPrograms ? ["--root", "/"] : [],
        });
    }
}

namespace SyscallExplorer.Linux.Tests;

/// <summary>Entry paths as lists of named steps.</summary>
public sealed class EntryStepTests
{
    private static readonly EntryStep Extra = new("extra", _ => { });

    public static TheoryData<string> PathNames() => new(Paths.Keys.Order());

    private static IReadOnlyDictionary<string, EntryPathCode> Paths { get; } = new[]
    {
        Syscall64Entry.Linux_5_13, SyscallCompatEntry.Linux_5_13, SysenterCompatEntry.Linux_5_13, FastReturn32.Linux_5_13,
        Int80CompatEntry.Linux_5_13, ReturnByIret.ToUser, ReturnByIret.ToKernel,
    }.ToDictionary(path => path.Symbol);

    [Theory]
    [MemberData(nameof(PathNames))]
    public void A_step_can_be_replaced_followed_and_removed_by_its_name(string symbol)
    {
        EntryPathCode path = Paths[symbol];
        List<string> names = path.Steps.Select(step => step.Name).ToList();
        Assert.Equal(names.Distinct(), names);
        for (int i = 0; i < names.Count; i++)
        {
            Assert.Equal([.. names[..i], "extra", .. names[(i + 1)..]], path.Replace(names[i], Extra).Steps.Select(step => step.Name));
            Assert.Equal([.. names[..(i + 1)], "extra", .. names[(i + 1)..]], path.InsertAfter(names[i], Extra).Steps.Select(step => step.Name));
            Assert.Equal([.. names[..i], .. names[(i + 1)..]], path.Remove(names[i]).Steps.Select(step => step.Name));
        }

        Assert.Equal(names, path.Steps.Select(step => step.Name));
    }

    [Fact]
    public void A_step_that_is_not_there_is_a_sentence_with_those_that_are()
    {
        EntryPathCode path = Syscall64Entry.Linux_5_13;
        foreach (Func<EntryPathCode> change in (Func<EntryPathCode>[])
            [() => path.Replace("swich stack", Extra), () => path.InsertAfter("swich stack", Extra), () => path.Remove("swich stack")])
        {
            ArgumentException error = Assert.Throws<ArgumentException>(change);
            Assert.Contains("entry_SYSCALL_64 has no step 'swich stack'", error.Message, StringComparison.Ordinal);
            Assert.Contains("switch stack, push hardware frame", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_changed_path_emits_its_changed_steps()
    {
        static AssembledSection Assemble(EntryPathCode path)
        {
            var k = new KernelAssembler(KernelLayout.EntryText, new Dictionary<string, ulong>());
            path.Emit(k);
            EspfixReturn.Emit(k);
            return k.Finish();
        }

        EntryPathCode path = ReturnByIret.ToKernel;
        int plain = Assemble(path).Bytes.Length;
        Assert.Equal(plain + 3, Assemble(path.InsertAfter("restore registers", new EntryStep("fence", k => k.lfence()))).Bytes.Length);
        Assert.Equal("restore_regs_and_return_to_kernel", Assemble(path).Symbols.MinBy(symbol => symbol.Value).Key);
    }
}

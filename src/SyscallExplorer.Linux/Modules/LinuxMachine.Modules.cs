using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <content>System calls that a loaded module would add or replace.</content>
public sealed partial class LinuxMachine
{
    private const int StubSize = 64;

    /// <summary>
    /// Adds a system call, or puts another in the place of one. The entry of <c>sys_call_table</c> in guest memory is written, and the next call
    /// of the number goes there. A kernel that dispatches by comparisons (Linux 6.9 and later) reads no table: there the beginning of
    /// <c>x64_sys_call</c>, or of <c>ia32_sys_call</c>, is replaced by a jump that looks for the number first, as a kprobe there would.
    /// </summary>
    /// <param name="number">Its number, which the kernel's bounds have to let through.</param>
    /// <param name="name">Its name.</param>
    /// <param name="function">What it does, as C# code; it takes no cycles.</param>
    /// <param name="compat">Whether it is for 32-bit callers. A 32-bit kernel has no others.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number lies beyond the table.</exception>
    /// <exception cref="InvalidOperationException">There is no room for more.</exception>
    public void AddSyscall(int number, string name, SyscallFunction function, bool compat = false) =>
        Install(number, name, compat, function, address =>
        {
            var k = new KernelAssembler(new CodeSection("module", address, 0, StubSize, Kernel.Bitness), new Dictionary<string, ulong>(), Kernel.Traits);
            k.Tabled();
            EmitHostStub(k, HypercallNumbers.FirstAdded + State.AddedSyscalls.Length);
            return k.Finish().Bytes;
        });

    /// <summary>Adds or replaces a system call by guest code in ring 0.</summary>
    /// <param name="number">Its number, which the kernel's bounds have to let through.</param>
    /// <param name="name">Its name.</param>
    /// <param name="code">
    /// Writes its instructions. From Linux 4.17 on RDI is <c>pt_regs</c>, before, the arguments are in RDI, RSI, RDX, RCX, R8 and R9. The result is RAX;
    /// RBX, RBP and R12 to R15 must stay; it ends with RET. On a 32-bit kernel EAX is <c>pt_regs</c> from Linux 5.7 on, and the arguments are on the stack
    /// before; EBX, ESI, EDI and EBP must stay.
    /// </param>
    /// <param name="compat">Whether it is for 32-bit callers. A 32-bit kernel has no others.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number lies beyond the table.</exception>
    /// <exception cref="InvalidOperationException">There is no room for more.</exception>
    public void AddSyscall(int number, string name, Action<Assembler> code, bool compat = false) =>
        Install(number, name, compat, null, address =>
        {
            var assembler = new Assembler(Kernel.Bitness);
            code(assembler);
            return AssembledBytes.Of(assembler, address);
        });

    /// <summary>The address that an entry of <c>sys_call_table</c> holds, or of <c>ia32_sys_call_table</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number lies beyond the table.</exception>
    public ulong ReadSyscallTable(int number, bool compat = false)
    {
        ulong word = Processor.Bus.Ram.ReadUInt64(PhysicalOfEntry(number, compat));
        return Kernel.Is32Bit ? (uint)word : word;
    }

    /// <summary>Writes an entry of <c>sys_call_table</c>, or of <c>ia32_sys_call_table</c>. Where the kernel dispatches by comparisons only tracers read it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number lies beyond the table.</exception>
    public void WriteSyscallTable(int number, ulong address, bool compat = false) =>
        Processor.Bus.Ram.Write(PhysicalOfEntry(number, compat), BitConverter.GetBytes(address).AsSpan(0, Architecture.WordSize));

    /// <summary>The name of a call, those that were added included; null for a hole.</summary>
    internal string? NameOfCall(int number, bool compat) =>
        State.AddedSyscalls.LastOrDefault(added => added.Number == number && added.IsCompat == compat)?.Name
        ?? (compat ? Kernel.Table32 : Kernel.Table64).Find(number)?.Name;

    private static void EmitHostStub(KernelAssembler k, int number)
    {
        if (k.Traits.HandlersTakeRegisters || k.Traits.Architecture.IsNative32)
            HypercallStub.Inline(k, number);
        else
            HypercallStub.KeepArguments(k, () => HypercallStub.Inline(k, number));
        k.PlainReturn();
    }

    private ulong PhysicalOfEntry(int number, bool compat)
    {
        compat |= Kernel.Is32Bit;
        int size = Kernel.Traits.SizeOf(compat ? SyscallAbi.Ia32 : SyscallAbi.Wide);
        if (number < 0 || number >= size)
        {
            throw new ArgumentOutOfRangeException(
                nameof(number), number, $"The {(compat ? "32-bit" : "64-bit")} table of {Kernel} has the numbers 0 to {size - 1}, and its code compares with that.");
        }

        if (Kernel.Is32Bit)
            return I386Layout.SysCallTable - I386Layout.PageOffset + (ulong)number * sizeof(uint);
        return KernelLayout.PhysicalOfReadOnly(compat ? KernelLayout.Ia32SysCallTable : KernelLayout.SysCallTable) + (ulong)number * 8;
    }

    private void Install(int number, string name, bool compat, SyscallFunction? function, Func<ulong, byte[]> assemble)
    {
        PhysicalOfEntry(number, compat);
        ulong address = Architecture.Modules + (ulong)State.ModuleBytes;
        byte[] code = assemble(address);
        WriteModule(code);
        State = State with { AddedSyscalls = State.AddedSyscalls.Add(new AddedSyscall(number, name, compat || Kernel.Is32Bit, address, function)) };
        WriteSyscallTable(number, address, compat);
        if (Kernel.Traits.DispatchesBySwitch)
            HookSwitch(number, compat, address);
    }

    private void WriteModule(byte[] code)
    {
        const int alignment = 16;
        int start = State.ModuleBytes, end = (start + code.Length + alignment - 1) & -alignment;
        if (end > KernelLayout.ModulesSize)
            throw new InvalidOperationException($"The code that was added takes more than the {KernelLayout.ModulesSize} bytes that there are for modules.");
        Processor.Bus.Ram.Write(KernelLayout.ModulesPhysical + (ulong)start, code);
        State = State with { ModuleBytes = end };
    }

    /// <summary>The switch begins with a comparison of six bytes. It moves behind the one with the added number, and a jump takes its place.</summary>
    private void HookSwitch(int number, bool compat, ulong handler)
    {
        const int jumpLength = 5;
        ulong function = AddressOf(SyscallSwitch.SymbolOf(compat ? SyscallAbi.Ia32 : SyscallAbi.Wide));
        ulong physical = KernelLayout.PhysicalOfCode(function);
        byte[] first = new byte[SyscallSwitch.ComparisonLength];
        Processor.Bus.Ram.Read(physical, first);
        ulong address = KernelLayout.Modules + (ulong)State.ModuleBytes;
        var hook = new Assembler(64);
        hook.cmp(AssemblerRegisters.esi, number);
        hook.je(handler);

        // An earlier hook's jump stands here instead of the comparison: the new one goes on where that led.
        Decoder decoder = Decoder.Create(64, first, function);
        Instruction displaced = decoder.Decode();
        if (displaced.Mnemonic == Mnemonic.Jmp)
        {
            hook.jmp(displaced.NearBranchTarget);
        }
        else
        {
            hook.AddInstruction(displaced);
            hook.jmp(function + SyscallSwitch.ComparisonLength);
        }

        WriteModule(AssembledBytes.Of(hook, address));
        byte[] jump = [0xE9, 0, 0, 0, 0, 0x90];
        BitConverter.TryWriteBytes(jump.AsSpan(1), (int)(address - function - jumpLength));
        Processor.Bus.Ram.Write(physical, jump);
    }
}

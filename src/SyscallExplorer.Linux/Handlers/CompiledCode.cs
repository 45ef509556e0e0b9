using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// What a compiler makes of the kernel's C, in both widths: prologues and epilogues, the calling convention, and instructions as wide as a pointer.
/// A 64-bit kernel has its arguments in RDI, RSI, RDX, RCX, R8 and R9; a 32-bit one, built with -mregparm=3, in EAX, EDX and ECX, and then on the stack.
/// </summary>
internal sealed class CompiledCode(KernelAssembler k)
{
    /// <summary>In the functions' own terms: what a branch leads to that no data of the kit takes.</summary>
    public const string Impossible = "unreachable";

    private const int PageOffsetBits = 12;
    private static readonly byte[] s_nop64 = [0x0F, 0x1F, 0x44, 0x00, 0x00];

    /// <summary>The form that every processor from the 386 on has: LEA with a segment override.</summary>
    private static readonly byte[] s_nop32 = [0x3E, 0x8D, 0x74, 0x26, 0x00];
    private static readonly AssemblerRegister64[] s_wide = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
    private static readonly AssemblerRegister32[] s_narrow = [eax, ecx, edx, ebx, esp, ebp, esi, edi, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d];
    private int _kept;
    private int _locals;
    private bool _isProtected;

    public KernelAssembler K => k;

    public bool IsWide => !k.Traits.Architecture.IsNative32;

    /// <summary>Bytes of a pointer.</summary>
    public int Word => IsWide ? 8 : 4;

    public Version Version => k.Traits.Version;

    /// <summary>Distributions gave frame pointers up when the ORC unwinder came, which is for 64-bit kernels alone.</summary>
    public bool HasFramePointers => !IsWide || Version < new Version(4, 14);

    /// <summary>With -mfentry the tracer's NOP comes before the frame, with mcount behind it.</summary>
    private bool NopIsFirst => IsWide && Version >= new Version(3, 8);

    /// <summary>-fstack-protector-strong, for functions with a local variable whose address is taken.</summary>
    private bool ProtectsAddressTaken => IsWide && Version >= new Version(3, 14);

    /// <summary>An argument's register; a 32-bit kernel has the fourth and later ones on the stack.</summary>
    public Gpr Argument(int index) => IsWide ? ((ReadOnlySpan<Gpr>)[Gpr.Rdi, Gpr.Rsi, Gpr.Rdx, Gpr.Rcx, Gpr.R8, Gpr.R9])[index]
        : ((ReadOnlySpan<Gpr>)[Gpr.Rax, Gpr.Rdx, Gpr.Rcx])[index];

    /// <summary>A register that calls leave as it is.</summary>
    public Gpr Kept(int index) => !IsWide ? ((ReadOnlySpan<Gpr>)[Gpr.Rbx, Gpr.Rsi, Gpr.Rdi])[index]
        : HasFramePointers ? ((ReadOnlySpan<Gpr>)[Gpr.Rbx, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15])[index]
        : ((ReadOnlySpan<Gpr>)[Gpr.Rbx, Gpr.Rbp, Gpr.R12, Gpr.R13, Gpr.R14])[index];

    /// <summary>Begins a function.</summary>
    /// <param name="name">Its symbol; null where the caller has set it.</param>
    /// <param name="kept">How many registers it saves.</param>
    /// <param name="locals">Words of its local variables.</param>
    public void Function(string? name, int kept = 0, int locals = 0)
    {
        if (name is not null)
            k.Global(name);
        _kept = kept;
        _locals = locals;
        _isProtected = false;
        if (NopIsFirst)
            Nop();
        if (HasFramePointers)
        {
            Push(Gpr.Rbp);
            Move(Gpr.Rbp, Gpr.Rsp);
        }

        if (!NopIsFirst)
            Nop();
        for (int i = kept - 1; i >= 0; i--)
            Push(Kept(i));
        if (locals > 0)
            AddImmediate(Gpr.Rsp, -locals * Word);
    }

    /// <summary>Puts the stack protector's canary into the last local variable. RAX is overwritten.</summary>
    public void Protect()
    {
        if (!ProtectsAddressTaken)
            return;
        _isProtected = true;
        k.mov(rax, k.PerCpu(PerCpuOffsets.StackCanary));
        k.mov(__qword_ptr[rsp + (_locals - 1) * 8], rax);
        k.xor(eax, eax);
    }

    /// <summary>Ends a function; what it returns stays in RAX.</summary>
    public void Return()
    {
        LeaveFrame();
        k.ret();
    }

    /// <summary>Ends a function with what another one returns.</summary>
    public void ReturnFrom(string function)
    {
        LeaveFrame();
        k.jmp(k.To(function));
    }

    private void LeaveFrame()
    {
        if (_isProtected)
        {
            k.mov(rdx, __qword_ptr[rsp + (_locals - 1) * 8]);
            k.sub(rdx, k.PerCpu(PerCpuOffsets.StackCanary));
            k.jne(k.To(Impossible));
        }

        if (_locals > 0)
            AddImmediate(Gpr.Rsp, _locals * Word);
        for (int i = 0; i < _kept; i++)
            Pop(Kept(i));
        if (HasFramePointers)
            Pop(Gpr.Rbp);
    }

    /// <summary>Where the branches lead that nothing takes.</summary>
    public void EmitImpossible()
    {
        k.Local(Impossible);
        k.ud2();
    }

    /// <summary>Where the frame pointer's owner keeps a local variable, from the frame pointer.</summary>
    public static int FromFrame(int kept, int locals, int index) => -(kept + locals - index) * 8;

    public AssemblerRegister64 Wide(Gpr register) => s_wide[(int)register];

    public AssemblerRegister32 Narrow(Gpr register) => s_narrow[(int)register];

    private AssemblerMemoryOperand At(Gpr pointer, int offset) => IsWide ? __qword_ptr[Wide(pointer) + offset] : __dword_ptr[Narrow(pointer) + offset];

    private AssemblerMemoryOperand At32(Gpr pointer, int offset) => IsWide ? __dword_ptr[Wide(pointer) + offset] : __dword_ptr[Narrow(pointer) + offset];

    private AssemblerMemoryOperand At16(Gpr pointer, int offset) => IsWide ? __word_ptr[Wide(pointer) + offset] : __word_ptr[Narrow(pointer) + offset];

    public void Push(Gpr register)
    {
        if (IsWide)
            k.push(Wide(register));
        else
            k.push(Narrow(register));
    }

    public void PushImmediate(int value) => k.push(value);

    public void Pop(Gpr register)
    {
        if (IsWide)
            k.pop(Wide(register));
        else
            k.pop(Narrow(register));
    }

    public void Move(Gpr to, Gpr from)
    {
        if (to == from)
            return;
        if (IsWide)
            k.mov(Wide(to), Wide(from));
        else
            k.mov(Narrow(to), Narrow(from));
    }

    public void Move32(Gpr to, Gpr from) => k.mov(Narrow(to), Narrow(from));

    /// <summary>A constant of 32 bits without a sign.</summary>
    public void Constant(Gpr to, int value)
    {
        if (value == 0)
            k.xor(Narrow(to), Narrow(to));
        else
            k.mov(Narrow(to), value);
    }

    /// <summary>The same without a change of the flags.</summary>
    public void Constant32(Gpr to, int value) => k.mov(Narrow(to), value);

    /// <summary>The five bytes that boot may put a jump or a call in the place of.</summary>
    public void Nop() => k.db(IsWide ? s_nop64 : s_nop32);

    /// <summary>A negative error number as wide as a result.</summary>
    public void Error(int number)
    {
        if (IsWide)
            k.mov(rax, -number);
        else
            k.mov(eax, -number);
    }

    /// <summary>An <c>int</c> that is returned as a <c>long</c>.</summary>
    public void SignExtendResult()
    {
        if (IsWide)
            k.cdqe();
    }

    public void LoadGlobal(Gpr to, ulong address)
    {
        if (IsWide)
            k.mov(Wide(to), __qword_ptr[address]);
        else
            k.mov(Narrow(to), __dword_ptr[address]);
    }

    /// <summary>The current task.</summary>
    public void Current(Gpr to)
    {
        if (IsWide)
            k.mov(Wide(to), k.PerCpu(PerCpuOffsets.CurrentTask));
        else
            k.mov(Narrow(to), k.PerCpuFs(PerCpuOffsets.CurrentTask));
    }

    public void Load(Gpr to, Gpr pointer, int offset)
    {
        if (IsWide)
            k.mov(Wide(to), At(pointer, offset));
        else
            k.mov(Narrow(to), At(pointer, offset));
    }

    public void Load32(Gpr to, Gpr pointer, int offset) => k.mov(Narrow(to), At32(pointer, offset));

    public void Load16(Gpr to, Gpr pointer, int offset) => k.movzx(Narrow(to), At16(pointer, offset));

    /// <summary>A pointer of which memory holds the low half: kernel data lies within 2 GiB of the address space's end.</summary>
    public void LoadShortPointer(Gpr to, Gpr array, Gpr index)
    {
        if (IsWide)
            k.movsxd(Wide(to), __dword_ptr[Wide(array) + Wide(index) * 4]);
        else
            k.mov(Narrow(to), __dword_ptr[Narrow(array) + Narrow(index) * 4]);
    }

    public void Store(Gpr pointer, int offset, Gpr value)
    {
        if (IsWide)
            k.mov(At(pointer, offset), Wide(value));
        else
            k.mov(At(pointer, offset), Narrow(value));
    }

    public void Store32(Gpr pointer, int offset, Gpr value) => k.mov(At32(pointer, offset), Narrow(value));

    public void StoreConstant(Gpr pointer, int offset, int value) => k.mov(At(pointer, offset), value);

    public void StoreConstant32(Gpr pointer, int offset, int value) => k.mov(At32(pointer, offset), value);

    public void AddressOf(Gpr to, Gpr pointer, int offset)
    {
        if (IsWide)
            k.lea(Wide(to), At(pointer, offset));
        else
            k.lea(Narrow(to), At(pointer, offset));
    }

    public void Test(Gpr register)
    {
        if (IsWide)
            k.test(Wide(register), Wide(register));
        else
            k.test(Narrow(register), Narrow(register));
    }

    public void Test32(Gpr register) => k.test(Narrow(register), Narrow(register));

    public void TestFlags(Gpr pointer, int offset, int flags) => k.test(At32(pointer, offset), flags);

    public void CompareWithZero(Gpr pointer, int offset) => k.cmp(At(pointer, offset), 0);

    public void Compare(Gpr left, Gpr right)
    {
        if (IsWide)
            k.cmp(Wide(left), Wide(right));
        else
            k.cmp(Narrow(left), Narrow(right));
    }

    public void CompareImmediate(Gpr register, int value)
    {
        if (IsWide)
            k.cmp(Wide(register), value);
        else
            k.cmp(Narrow(register), value);
    }

    public void CompareWith32(Gpr register, Gpr pointer, int offset) => k.cmp(Narrow(register), At32(pointer, offset));

    public void AddFrom32(Gpr register, Gpr pointer, int offset) => k.add(Narrow(register), At32(pointer, offset));

    public void Add(Gpr to, Gpr from)
    {
        if (IsWide)
            k.add(Wide(to), Wide(from));
        else
            k.add(Narrow(to), Narrow(from));
    }

    public void Subtract(Gpr to, Gpr from)
    {
        if (IsWide)
            k.sub(Wide(to), Wide(from));
        else
            k.sub(Narrow(to), Narrow(from));
    }

    public void AddImmediate(Gpr to, int value)
    {
        if (IsWide && value < 0)
            k.sub(Wide(to), -value);
        else if (IsWide)
            k.add(Wide(to), value);
        else if (value < 0)
            k.sub(Narrow(to), -value);
        else
            k.add(Narrow(to), value);
    }

    public void AndImmediate(Gpr to, int value)
    {
        if (IsWide)
            k.and(Wide(to), value);
        else
            k.and(Narrow(to), value);
    }

    /// <summary>Adds to a counter of 64 bits.</summary>
    public void AddToCounter(Gpr pointer, int offset, Gpr value)
    {
        if (IsWide)
        {
            k.add(At(pointer, offset), Wide(value));
            return;
        }

        k.add(At(pointer, offset), Narrow(value));
        k.adc(At(pointer, offset + 4), 0);
    }

    /// <summary>Adds one to a counter of 64 bits.</summary>
    public void CountOne(Gpr pointer, int offset)
    {
        k.add(At(pointer, offset), 1);
        if (!IsWide)
            k.adc(At(pointer, offset + 4), 0);
    }

    /// <summary>The lesser of a register and a constant, in the register. A processor before the Pentium Pro has no conditional moves.</summary>
    public void Limit(Gpr register, int limit, Gpr scratch)
    {
        if (IsWide)
        {
            k.mov(Narrow(scratch), limit);
            k.cmp(Wide(register), Wide(scratch));
            k.cmova(Wide(register), Wide(scratch));
            return;
        }

        string within = k.Unique("within");
        k.cmp(Narrow(register), limit);
        k.jbe(k.To(within));
        k.mov(Narrow(register), limit);
        k.Local(within);
    }

    /// <summary>The lesser of two registers, in the first.</summary>
    public void Lesser(Gpr register, Gpr other)
    {
        Compare(register, other);
        if (IsWide)
        {
            k.cmova(Wide(register), Wide(other));
            return;
        }

        string within = k.Unique("within");
        k.jbe(k.To(within));
        Move(register, other);
        k.Local(within);
    }

    public void Call(string function) => k.call(k.To(function));

    /// <summary>A call of an address that memory holds: with retpolines by a thunk. RAX is the register of 64-bit kernels, which holds no argument.</summary>
    /// <param name="pointer">Leads to the address.</param>
    /// <param name="offset">Where it stands.</param>
    /// <param name="target">The register that it is loaded into on a 32-bit kernel, ECX or ESI.</param>
    public void CallIndirect(Gpr pointer, int offset, Gpr target)
    {
        if (!k.Knows(KernelFeature.Retpoline))
        {
            k.call(At(pointer, offset));
            return;
        }

        Gpr register = IsWide ? Gpr.Rax : target;
        Load(register, pointer, offset);
        k.call(k.To(IsWide ? IndirectThunk.Symbol : I386Dispatch.ThunkOf(Narrow(target))));
    }

    /// <summary><c>access_ok</c>: RCX or ECX is overwritten, and R10.</summary>
    public void CheckRange(Gpr start, Gpr size, string otherwise)
    {
        Move(Gpr.Rcx, start);
        Add(Gpr.Rcx, size);
        k.jb(k.To(otherwise));
        if (IsWide)
        {
            UserAccess.Check(k, rcx, otherwise);
            return;
        }

        k.cmp(ecx, (uint)I386Layout.PageOffset);
        k.ja(k.To(otherwise));
    }

    /// <summary>The lesser of a register and a page.</summary>
    public void LimitToPage(Gpr register, Gpr scratch) => Limit(register, 1 << PageOffsetBits, scratch);

    /// <summary><c>cond_resched</c>: another task gets the processor if it is its turn.</summary>
    public void ConditionallyReschedule() => Call(Rescheduling);

    private string Rescheduling => Version >= new Version(5, 12) ? "__cond_resched" : "_cond_resched";

    /// <summary>The function behind it.</summary>
    public void EmitRescheduling()
    {
        string none = k.Unique("resched_none");
        Function(Rescheduling);
        Current(Gpr.Rdx);
        k.xor(eax, eax);
        TestFlags(Gpr.Rdx, TaskLayout.ThreadFlags, ThreadFlags.NeedResched);
        k.je(k.To(none));
        Call("schedule");
        k.mov(eax, 1);
        k.Local(none);
        Return();
    }
}
